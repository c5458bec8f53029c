# Completion of fmbench for bash. What there is to complete is asked of the program that is typed:
# its --help lists the commands, their options and the closed sets of values.

# The commands, one a line.
_fmbench_commands() {
  "$1" --help 2>/dev/null | sed -n 's/^  fmbench \([a-z][a-z]*\) .*/\1/p'
}

# The value that an option of a command takes: FILE, DIR, a|b|c; nothing for one without.
_fmbench_value_of() {
  local help choices
  help=$("$1" "$2" --help 2>/dev/null) || return
  choices=$(sed -n "s/.*$3 *\([a-z][a-z]*|[a-z|]*\).*/\1/p" <<<"${help//$'\n'/ }")
  if [ -n "$choices" ]; then
    echo "$choices"
  else
    sed -n "s/^  $3 \([A-Z][A-Z]*\) .*/\1/p" <<<"$help"
  fi
}

# The word behind an option on this command line, or what holds without it.
_fmbench_given() {
  local i
  for ((i = 2; i < COMP_CWORD; i++)); do
    if [ "${COMP_WORDS[i]}" = "$1" ]; then
      [ "${COMP_WORDS[i + 1]}" = = ] && i=$((i + 1))
      echo "${COMP_WORDS[i + 1]}"
      return
    fi
  done
  echo "$2"
}

# A run takes the folders of the data folder, a report the journals of the results folder.
_fmbench_datasets() {
  local path
  if [ "$1" = run ] || [ "$1" = list ]; then
    for path in "$(_fmbench_given --data data)"/*/; do
      [ -d "$path" ] && basename "$path"
    done
  else
    for path in "$(_fmbench_given --results results)"/*.jsonl; do
      [ -f "$path" ] && basename "$path" .jsonl
    done
  fi
}

_fmbench_classifiers() {
  "$1" describe 2>/dev/null | sed -n 's/^\([A-Za-z]*\): .*/\1/p'
}

# The words, one a line, that begin as what is typed. They are no patterns for the shell to expand.
_fmbench_offer() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_fmbench_complete_value() {
  local program=$1 command=$2 option=$3 current=$4 value
  value=$(_fmbench_value_of "$program" "$command" "$option")
  case $option:$value in
    --dataset:*) _fmbench_offer "$(_fmbench_datasets "$command")" "$current" ;;
    --only:*) _fmbench_offer "$(_fmbench_classifiers "$program")" "$current" ;;
    *:DIR) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    *:FILE) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    *'|'*) _fmbench_offer "${value//|/ }" "$current" ;;
  esac
}

_fmbench_complete_argument() {
  case $2 in
    show | describe) _fmbench_offer "$(_fmbench_classifiers "$1")" "$3" ;;
    compare | merge | peers | scaling) mapfile -t COMPREPLY < <(compgen -d -- "$3") ;;
  esac
}

_fmbench() {
  local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  program=${program/#\~/$HOME}
  if [ "$COMP_CWORD" -eq 1 ]; then
    _fmbench_offer "$(_fmbench_commands "$program") --help --version" "$current"
    return
  fi
  # The line is split at '=' too: --format = csv.
  if [ "$current" = = ]; then
    current=
  elif [ "$previous" = = ]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ $previous == --* ]] && [ -n "$(_fmbench_value_of "$program" "$command" "$previous")" ]; then
    _fmbench_complete_value "$program" "$command" "$previous" "$current"
  elif [[ $current == -* ]]; then
    _fmbench_offer "$("$program" "$command" --help 2>/dev/null |
      sed -n 's/^  \(--[a-z-]*\) .*/\1/p')" "$current"
  else
    _fmbench_complete_argument "$program" "$command" "$current"
  fi
}

complete -o filenames -F _fmbench fmbench
