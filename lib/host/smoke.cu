// What `doctor --run` starts. Where there is a CUDA toolkit, the build compiles it for the GPUs that this knows. smoke.ptx is
// made of it, so that nobody needs one to build mlpack:
//
//     nvcc -ptx smoke.cu
//
// with comments and blank lines taken out, and `.version` and `.target` set to the oldest that have all that is used: every
// driver compiles it.
typedef unsigned long long u64;
// Every thread copies 16 bytes at a time.
extern "C" __global__ void mlpack_copy(uint4* to, const uint4* from, u64 count) {
  u64 step = (u64)gridDim.x * blockDim.x;
#pragma unroll 1
  for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) to[i] = from[i];
}
// Entry i of a matrix: small whole numbers, so that sums of products are exact.
extern "C" __global__ void mlpack_fill(float* to, unsigned count, unsigned factor) {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) to[i] = (float)((i * factor >> 7) % 5) - 2.0f;
}
// c = a b, of n rows and columns, n a multiple of 128; 256 threads make 128 x 128 entries.
extern "C" __global__ void __launch_bounds__(256) mlpack_product(float* c, const float* a, const float* b, unsigned n) {
  __shared__ float as[8][132];
  __shared__ float bs[8][128];
  unsigned t = threadIdx.x, tx = t & 15, ty = t >> 4;
  unsigned row0 = blockIdx.y * 128, col0 = blockIdx.x * 128;
  float acc[8][8];
#pragma unroll
  for (int i = 0; i < 8; ++i)
#pragma unroll
    for (int j = 0; j < 8; ++j) acc[i][j] = 0.f;
  unsigned ar = t >> 1, ak = (t & 1) * 4, bk = t >> 5, bc = (t & 31) * 4;
  const float* ap = a + (u64)(row0 + ar) * n + ak;
  const float* bp = b + (u64)bk * n + col0 + bc;
#pragma unroll 1
  for (unsigned k0 = 0; k0 < n; k0 += 8) {
    float4 av = *(const float4*)ap, bv = *(const float4*)bp;
    ap += 8; bp += (u64)8 * n;
    as[ak][ar] = av.x; as[ak + 1][ar] = av.y; as[ak + 2][ar] = av.z; as[ak + 3][ar] = av.w;
    *(float4*)&bs[bk][bc] = bv;
    __syncthreads();
#pragma unroll 1
    for (int k = 0; k < 8; ++k) {
      float x[8], y[8];
      *(float4*)&x[0] = *(float4*)&as[k][ty * 8]; *(float4*)&x[4] = *(float4*)&as[k][ty * 8 + 4];
      *(float4*)&y[0] = *(float4*)&bs[k][tx * 4]; *(float4*)&y[4] = *(float4*)&bs[k][64 + tx * 4];
#pragma unroll
      for (int i = 0; i < 8; ++i)
#pragma unroll
        for (int j = 0; j < 8; ++j) acc[i][j] = __fmaf_rn(x[i], y[j], acc[i][j]);
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    float* out = c + (u64)(row0 + ty * 8 + i) * n + col0 + tx * 4;
    *(float4*)out = make_float4(acc[i][0], acc[i][1], acc[i][2], acc[i][3]);
    *(float4*)(out + 64) = make_float4(acc[i][4], acc[i][5], acc[i][6], acc[i][7]);
  }
}
// Adds one to *wrong for every entry that differs.
extern "C" __global__ void mlpack_compare(unsigned* wrong, const float* c, const float* a, const float* b, unsigned n, unsigned step) {
  unsigned i = (blockIdx.x * blockDim.x + threadIdx.x) * step;
  if (i >= n * n) return;
  unsigned row = i / n, col = i % n;
  float sum = 0.f;
#pragma unroll 1
  for (unsigned k = 0; k < n; ++k) sum = __fmaf_rn(a[(u64)row * n + k], b[(u64)k * n + col], sum);
  if (sum != c[i]) atomicAdd(wrong, 1u);
}
