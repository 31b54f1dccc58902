#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

namespace {

TestImage cuda_image() {
  TestImage image;
  image.add("usr/lib/libcudart.so.12.4.127", library("libcudart.so.12"));
  image.link("usr/lib/libcudart.so.12", "libcudart.so.12.4.127");
  return image;
}

void add_kernels(TestImage& image, std::vector<ElfGpuCode> codes) {
  ElfFacts elf = library("libkernels.so");
  elf.gpu_code = std::move(codes);
  image.add("usr/lib/libkernels.so", elf);
  image.add("usr/bin/server", program({"libc.so.6", "libkernels.so"}));
}

}  // namespace

TEST_CASE("code for every GPU of the fleet and a driver that is new enough is no finding") {
  TestImage image = cuda_image();
  add_kernels(image, {code_for(80), code_for(90)});
  image.machine("L4", "550.54.14");
  image.machine("H100", "550.54.14");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a library without code for a GPU of the fleet fails there") {
  TestImage image = cuda_image();
  add_kernels(image, {code_for(80), code_for(90)});
  image.machine("T4", "550.54.14");
  const Finding found = image.only();
  CHECK(found.id == "gpu-code-missing");
  CHECK(found.level == Finding::Level::error);
  CHECK(found.what == "there is no code for T4 (7.5) in `/usr/lib/libkernels.so`");
  CHECK(
      found.why ==
      "`/usr/lib/libkernels.so` has code for 8.0, 9.0; CUDA fails with error 209: no kernel image "
      "is available");
}

TEST_CASE("PTX is compiled by drivers that know its version, and by no others") {
  TestImage image = cuda_image();
  add_kernels(image, {code_for(80), ptx_for(80, 8, 4)});
  image.machine("H100", "550.54.14");
  CHECK(image.ids() == Ids{"warning gpu-code-compiled"});
  image.fleet.clear();
  image.machine("H100", "535.183.01");
  CHECK(image.ids() == Ids{"error gpu-code-too-new"});
  image.fleet.clear();
  image.machine("H100");
  CHECK(image.ids() == Ids{"info driver-unknown", "info gpu-code-driver-unknown"});
}

TEST_CASE("a compat package compiles the PTX of its version, where GPU and driver take it") {
  TestImage image = cuda_image();
  add_kernels(image, {code_for(80), ptx_for(80, 8, 4)});
  ElfFacts compat = library("libcuda.so.1");
  compat.compat_note = R"({"Format":1,"CUDA Version":"12.4","Driver":[470,535],"Device":[1]})";
  image.add("usr/local/cuda-12.4/compat/libcuda.so.550.54.15", compat);
  image.machine("H100", "535.183.01");
  CHECK(image.ids() == Ids{"warning gpu-code-compiled"});
  // Its note names no such branch.
  image.fleet.clear();
  image.machine("H100", "525.147.05");
  CHECK(image.ids() == Ids{"error gpu-code-too-new", "warning compat-803"});
  compat.compat_note = R"({"Format":1,"CUDA Version":"12.2","Driver":[470,525],"Device":[1]})";
  TestImage older = cuda_image();
  add_kernels(older, {code_for(80), ptx_for(80, 8, 4)});
  older.add("usr/local/cuda-12.2/compat/libcuda.so.535.104.05", compat);
  older.machine("H100", "525.147.05");
  CHECK(older.ids() == Ids{"error gpu-code-too-new"});
  // No data-centre GPU.
  compat.compat_note = R"({"Format":1,"CUDA Version":"12.9","Driver":[550,570],"Device":[1]})";
  TestImage desk = cuda_image();
  add_kernels(desk, {code_for(80), ptx_for(80, 8, 8)});
  desk.add("usr/local/cuda-12.9/compat/libcuda.so.575.57.08", compat);
  desk.machine("RTX 5090", "570.133.20");
  CHECK(desk.ids() == Ids{"error gpu-code-too-new", "warning compat-804"});
}

TEST_CASE("code for single GPUs, and libraries that make code, are warned about only") {
  TestImage image = cuda_image();
  image.machine("L4", "550.54.14");
  add_kernels(image, {code_for(90, ElfGpuCode::Reach::exact)});
  CHECK(image.ids() == Ids{"warning gpu-code-specialised"});
  ElfFacts maker = library("libkernels.so", {"libnvrtc.so.12"});
  maker.gpu_code = {code_for(90)};
  image.add("usr/lib/libkernels.so", maker);
  image.add("usr/lib/libnvrtc.so.12", library("libnvrtc.so.12"));
  CHECK(image.ids() == Ids{"warning gpu-code-made"});
}

TEST_CASE("what a linker leaves for every target is no code") {
  TestImage image = cuda_image();
  ElfGpuCode stub = code_for(90);
  stub.content = ElfGpuCode::Content::stub;
  add_kernels(image, {stub});
  image.machine("L4", "550.54.14");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a driver that is older than the CUDA of the image does not run it") {
  TestImage image = cuda_image();
  image.machine("L4", "470.57.02");
  const Finding found = image.only();
  CHECK(found.id == "driver-too-old");
  CHECK(found.what == "CUDA 12.4 does not run on L4 with driver 470.57.02");
}

TEST_CASE("an image with CUDA and no fleet is not known to run") {
  const Finding found = cuda_image().only();
  CHECK(found.id == "fleet-unknown");
  CHECK(found.is_unknown);
}

TEST_CASE("a library of a wheel that the image has elsewhere too is carried for nothing") {
  TestImage image;
  const std::string place = "opt/venv/lib/python3.11/site-packages/nvidia/nvshmem/lib/";
  image.add(place + "libnvshmem_host.so.3", library("libnvshmem_host.so.3"));
  CHECK(image.ids() == Ids{});
  image.add("usr/local/lib/stubs/libnvshmem_host.so.3", library("libnvshmem_host.so.3"));
  image.add("usr/local/lib/libnvshmem_host.so.2", library("libnvshmem_host.so.2"));
  CHECK(image.ids() == Ids{});
  image.add("usr/local/lib/libnvshmem_host.so.3.4.5", library("libnvshmem_host.so.3"));
  CHECK(image.only().id == "cuda-libraries-twice");
  CHECK(image.only().file == "usr/local/lib/libnvshmem_host.so.3.4.5");
}

TEST_CASE("CUDA and cuDNN of two majors do not mix in one Python") {
  TestImage image;
  const std::string place = "opt/lib/python3.11/site-packages/nvidia/";
  image.machine("cpu");
  image.add(place + "cuda_runtime/lib/libcudart.so.12", library("libcudart.so.12"));
  image.add(place + "cu13/lib/libcudart.so.13", library("libcudart.so.13"));
  CHECK(image.only().what == "the image has CUDA of several majors: 12 (`/" + place +
                                 "cuda_runtime/lib/libcudart.so.12`) and 13 (`/" + place +
                                 "cu13/lib/libcudart.so.13`)");
  TestImage other;
  other.machine("cpu");
  other.add(place + "cudnn/lib/libcudnn.so.8", library("libcudnn.so.8"));
  other.add("usr/lib/libcudnn.so.9", library("libcudnn.so.9"));
  CHECK(other.ids() == Ids{"warning cudnn-majors"});
}

TEST_CASE("NCCL and TensorRT of two majors are warned about") {
  TestImage image;
  image.machine("cpu");
  image.add("opt/lib/python3.11/site-packages/nvidia/nccl/lib/libnccl.so.3",
            library("libnccl.so.3"));
  image.add("usr/lib/libnccl.so.2", library("libnccl.so.2"));
  image.add("opt/lib/python3.11/site-packages/tensorrt_libs/libnvinfer.so.10",
            library("libnvinfer.so.10"));
  image.add("usr/lib/libnvinfer.so.8", library("libnvinfer.so.8"));
  CHECK(image.ids() == Ids{"warning nccl-majors", "warning tensorrt-majors"});
}

TEST_CASE("cuDNN that dropped a GPU of the fleet is warned about") {
  TestImage image = cuda_image();
  image.machine("V100", "550.54.14");
  const std::string place = "opt/lib/python3.11/site-packages/";
  image.add(place + "nvidia/cudnn/lib/libcudnn.so.9", library("libcudnn.so.9"));
  image.text(place + "nvidia_cudnn_cu12-9.10.2.21.dist-info/METADATA", "");
  CHECK(image.ids() == Ids{});
  for (const char* const name : {"nvidia_cudnn_cu12", "nvidia-cudnn-cu12", "nvidia_cudnn"}) {
    TestImage wheel = cuda_image();
    wheel.machine("V100", "550.54.14");
    wheel.text(place + name + "-9.17.1.4.dist-info/METADATA", "");
    // Another library, with numbers of its own.
    wheel.text(place + "nvidia_cudnn_frontend-1.14.1.dist-info/METADATA", "");
    CHECK(wheel.only().what == "cuDNN 9.17.1.4 is not for V100 SXM2 16GB");
  }
  TestImage newer = cuda_image();
  newer.machine("V100", "550.54.14");
  newer.add("usr/lib/libcudnn.so.9.17.1", library("libcudnn.so.9"));
  const Finding found = newer.only();
  CHECK(found.id == "cudnn-gpu");
  CHECK(found.level == Finding::Level::warning);
  CHECK(found.what == "cuDNN 9.17.1 is not for V100 SXM2 16GB");
  CHECK(found.why ==
        "cuDNN 9.17.1 for CUDA 12 does not support compute capability 7.0; what uses it fails, "
        "convolutions of frameworks first");
}

TEST_CASE("a stub of libcuda on the path of the loader takes the driver's place") {
  TestImage image = cuda_image();
  image.machine("L4", "550.54.14");
  image.add("usr/local/cuda/lib64/stubs/libcuda.so", library("libcuda.so.1"));
  CHECK(image.ids() == Ids{});
  image.config.set_env("LD_LIBRARY_PATH", "/usr/local/cuda/lib64/stubs");
  CHECK(image.ids() == Ids{"error stub-on-path"});
}

TEST_CASE("a compat package is for some GPUs and drivers only") {
  TestImage image = cuda_image();
  ElfFacts compat = library("libcuda.so.1");
  compat.compat_note = R"({"Format":1,"CUDA Version":"12.9","Driver":[535,550,570],"Device":[1]})";
  image.add("usr/local/cuda-12.9/compat/libcuda.so.575.57.08", compat);
  image.config.set_env("LD_LIBRARY_PATH", "/usr/local/cuda-12.9/compat");
  image.machine("A100-80GB", "550.54.14");
  CHECK(image.ids() == Ids{});
  image.fleet.clear();
  image.machine("RTX 4090", "550.54.14");
  CHECK(image.ids() == Ids{"error compat-804"});
  image.fleet.clear();
  image.machine("A100-80GB", "560.28.03");
  CHECK(image.ids() == Ids{"error compat-803"});
  image.fleet.clear();
  image.machine("A100-80GB", "580.65.06");
  CHECK(image.only().what ==
        "`/usr/local/cuda-12.9/compat/libcuda.so.575.57.08` is older than the driver of A100 SXM "
        "80GB with driver 580.65.06");
}

TEST_CASE("what nothing that is started loads is a warning, but for where a shell is started") {
  TestImage image;
  image.machine("L4", "550.90.07");
  ElfFacts unused = library("libunused.so.1");
  unused.gpu_code = {code_for(70)};
  image.add("usr/lib/x86_64-linux-gnu/libunused.so.1", unused);
  const Finding found = image.only();
  CHECK(found.id == "gpu-code-missing");
  CHECK(found.level == Finding::Level::warning);
  CHECK(found.why.ends_with("; but nothing that is started is known to load it"));
  TestImage plugin;
  plugin.machine("L4", "550.90.07");
  plugin.add("app/server", program({"libc.so.6"}));
  plugin.add("app/libggml-cuda.so", unused);
  plugin.config.cmd = {"/app/server"};
  CHECK(plugin.ids() == Ids{"error gpu-code-missing"});
  image.add("bin/sh", program({"libc.so.6"}));
  image.text("app/run", "#!/bin/sh");
  image.config.cmd = {"/app/run"};
  CHECK(image.ids() == Ids{"error gpu-code-missing"});
}

TEST_CASE("without the capability for CUDA there is no libcuda in a container") {
  TestImage image;
  image.machine("L4", "550.90.07");
  image.add("usr/lib/x86_64-linux-gnu/libcudart.so.12", library("libcudart.so.12"));
  image.config.set_env("NVIDIA_DRIVER_CAPABILITIES", "video, utility");
  CHECK(image.only().id == "driver-capabilities");
  for (const char* const good : {"all", "", "utility,compute"}) {
    image.config.set_env("NVIDIA_DRIVER_CAPABILITIES", good);
    CHECK(image.ids() == Ids{});
  }
}

TEST_CASE("a library that is for a feature of some GPUs alone is a warning") {
  TestImage image;
  image.machine("T4", "550.90.07");
  ElfFacts sparse = library("libcusparseLt.so.0");
  sparse.gpu_code = {code_for(80), ptx_for(52, 9, 0)};
  const std::string packages = "opt/venv/lib/python3.12/site-packages/";
  image.add(packages + "cusparselt/lib/libcusparseLt.so.0", sparse);
  const Finding found = image.only();
  CHECK(found.id == "gpu-code-too-new");
  CHECK(found.level == Finding::Level::warning);
  CHECK(found.why.ends_with("; but programs can do without it"));
  ElfFacts torch = library("libtorch_cuda.so");
  torch.gpu_code = {code_for(80)};
  image.add(packages + "torch/lib/libtorch_cuda.so", torch);
  CHECK(image.ids() == Ids{"error gpu-code-missing", "warning gpu-code-too-new"});
}
