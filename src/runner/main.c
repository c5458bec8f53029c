#include <stdio.h>

int main(void)
{
    fputs("fmbench\n", stderr);
    return 2;
}
