/* An NVML that takes its process with it, and says a lot before. */
#include <stdio.h>
#include <stdlib.h>

int nvmlInit_v2(void) {
  puts("this must not be seen");
  abort();
}
