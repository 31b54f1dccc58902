/* An NVML with eight GPUs that takes its time, as the driver does with persistence mode on: half a second to begin, some
 * milliseconds for what it asks a GPU, less for a link. All is well. */
#include <string.h>
#include <unistd.h>

enum { COUNT = 8, BEGIN_US = 500000, CALL_US = 2000, LINK_US = 1000 };

static int later(unsigned microseconds) {
  usleep(microseconds);
  return 0;
}

int nvmlInit_v2(void) { return later(BEGIN_US); }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  strncpy(text, "550.54.15", length);
  return later(CALL_US);
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 12040;
  return later(CALL_US);
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = COUNT;
  return later(CALL_US);
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = (void*)(unsigned long)(index + 1);
  return later(CALL_US);
}
int nvmlDeviceGetName(void* device, char* text, unsigned length) {
  (void)device;
  strncpy(text, "NVIDIA H100 80GB HBM3", length);
  return later(CALL_US);
}
int nvmlDeviceGetPciInfo_v3(void* device, void* info) {
  unsigned* numbers = (unsigned*)((char*)info + 16);
  numbers[0] = 0;
  numbers[1] = 0x10 + (unsigned)(unsigned long)device;
  numbers[2] = 0;
  return later(CALL_US);
}
int nvmlDeviceGetCudaComputeCapability(void* device, int* major, int* minor) {
  (void)device;
  *major = 9;
  *minor = 0;
  return later(CALL_US);
}
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* memory) {
  (void)device;
  memory[0] = 85520809984ULL;
  memory[1] = 84900000000ULL;
  memory[2] = 620809984ULL;
  return later(CALL_US);
}
static int pair(unsigned* one, unsigned* other, unsigned value) {
  *one = value;
  *other = value;
  return later(CALL_US);
}
int nvmlDeviceGetMigMode(void* device, unsigned* mode, unsigned* pending) {
  (void)device;
  return pair(mode, pending, 0);
}
int nvmlDeviceGetEccMode(void* device, unsigned* mode, unsigned* pending) {
  (void)device;
  return pair(mode, pending, 1);
}
static int number(unsigned* to, unsigned value) {
  *to = value;
  return later(CALL_US);
}
int nvmlDeviceGetComputeMode(void* device, unsigned* mode) {
  (void)device;
  return number(mode, 0);
}
int nvmlDeviceGetPersistenceMode(void* device, unsigned* mode) {
  (void)device;
  return number(mode, 1);
}
int nvmlDeviceGetPcieReplayCounter(void* device, unsigned* count) {
  (void)device;
  return number(count, 0);
}
int nvmlDeviceGetTemperature(void* device, unsigned sensor, unsigned* degrees) {
  (void)device, (void)sensor;
  return number(degrees, 34);
}
int nvmlDeviceGetTotalEccErrors(void* device, unsigned kind, unsigned counter, unsigned long long* count) {
  (void)device, (void)kind, (void)counter;
  *count = 0;
  return later(CALL_US);
}
int nvmlDeviceGetRemappedRows(void* device, unsigned* corrected, unsigned* lost, unsigned* pending, unsigned* failed) {
  (void)device;
  *corrected = *lost = 0;
  return pair(pending, failed, 0);
}
int nvmlDeviceGetGpuFabricInfo(void* device, void* info) {
  (void)device;
  *(int*)((char*)info + 16) = 0;
  *((unsigned char*)info + 24) = 3;
  return later(CALL_US);
}
int nvmlDeviceGetNvLinkState(void* device, unsigned link, unsigned* is_active) {
  (void)device, (void)link;
  *is_active = 1;
  return later(LINK_US);
}
int nvmlDeviceGetNvLinkErrorCounter(void* device, unsigned link, unsigned counter, unsigned long long* count) {
  (void)device, (void)link, (void)counter;
  *count = 0;
  return later(LINK_US);
}
int nvmlDeviceGetCurrentClocksEventReasons(void* device, unsigned long long* reasons) {
  (void)device;
  *reasons = 0;
  return later(CALL_US);
}
