/* An NVML with two GPUs: one in MIG mode with a slice, one that is lost. */
#include <string.h>

int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  strncpy(text, "550.54.15", length);
  return 0;
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 12040;
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = (void*)(unsigned long)(index + 1);
  return 0;
}
static int is_lost(void* device) { return device == (void*)2 ? 15 : 0; }
int nvmlDeviceGetName(void* device, char* text, unsigned length) {
  strncpy(text, device == (void*)9 ? "NVIDIA A100-SXM4-80GB MIG 3g.40gb" : "NVIDIA A100-SXM4-80GB",
          length);
  return is_lost(device);
}
int nvmlDeviceGetPciInfo_v3(void* device, void* info) {
  unsigned* numbers = (unsigned*)((char*)info + 16);
  numbers[0] = 0;
  numbers[1] = 0x18;
  numbers[2] = 0;
  return is_lost(device);
}
int nvmlDeviceGetCudaComputeCapability(void* device, int* major, int* minor) {
  *major = 8;
  *minor = 0;
  return is_lost(device);
}
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* memory) {
  memory[0] = 85899345920ULL;
  memory[1] = 85000000000ULL;
  memory[2] = 899345920ULL;
  return is_lost(device);
}
int nvmlDeviceGetMigMode(void* device, unsigned* mode, unsigned* pending) {
  *mode = 1;
  *pending = 1;
  return is_lost(device);
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** slice) {
  *slice = (void*)9;
  return index == 0 ? is_lost(device) : 6;
}
