/* An NVML that stops in the middle. */
#include <unistd.h>

int nvmlInit_v2(void) { return 0; }
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  if (length > 3) text[0] = '5', text[1] = '5', text[2] = '0', text[3] = 0;
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 1;
  for (;;) pause();
}
