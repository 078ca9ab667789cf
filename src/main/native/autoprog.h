// The kernels of AutoProg: contracts. Each library of kernels has all of them; what one has alone stands in a header of
// its own, autoprog_cpu.h or autoprog_cuda.h.
//
// Tensors are row-major and contiguous, at any address that their elements allow. A `void*` points to elements of the
// call's `type`, AP_FLOAT32 or AP_BFLOAT16; a `float*` to float32, whatever that is. "y =" overwrites, "dw +=" adds.
// Outputs alias no input unless it says so. Bounds are relative, |out - ref| / |ref|, against float64, and hold for
// float32; of bfloat16, inputs are taken exactly, sums are float32, and a result is rounded once, to nearest even
// (numbers below 2^-126 may become 0). Every kernel gives the same bits again for the same input and number of
// threads. NaN and infinity propagate.
// Arguments are checked by the caller (Checked*.java); a kernel returns 0, or a code whose text is in
// ap_last_error. Java's names are the same without prefix: ap_layer_norm_forward is layerNormForward.
//
// "Moves" counts the elements that a call reads + writes, vectors of one row or column left out. Everything else is
// read once and written once; what a kernel keeps between two passes over a row or a head stays in the first two
// caches.
//
// Letters: B batch, N tokens or pixels, M keys of cross attention, C width or channels, G groups, H heads, D head dim,
// R image side in pixels.
#pragma once
#include <cstdint>

#pragma GCC visibility push(default)
extern "C" {

// The types of elements that a kernel with a parameter `type` takes.
enum { AP_FLOAT32 = 0, AP_BFLOAT16 = 1 };
// x Phi(x), and with Phi's approximation by tanh.
enum { AP_GELU_ERF = 0, AP_GELU_TANH = 1 };

// One per session, used by one thread at a time: a team of threads, scratch memory, oneDNN's primitives by shape.
typedef struct ap_context ap_context;

// A context whose kernels run on `threads` threads, the caller's one of them; NULL if there is no memory for it.
ap_context* ap_context_create(int32_t threads);
void ap_context_destroy(ap_context* context);
// Memory of `bytes` bytes, aligned to 64, on huge pages where it is large and the system has them; NULL if there is
// none.
void* ap_allocate(int64_t bytes);
// Gives back what ap_allocate gave; NULL is allowed.
void ap_free(void* memory);
// The text of the last failure in this context; valid until its next call.
const char* ap_last_error(const ap_context* context);
// What this library was compiled for: "avx512bf16", "avx512", "avx2" or "baseline".
const char* ap_isa(void);

// ---- elementwise.cpp -------------------------------------------------------------------------------------------
// x (n) = value. Moves 0 + n
int ap_fill(ap_context*, int32_t type, int64_t n, float value, void* x);
// out (n) = a (n) + b (n); out may be a or b. Moves 2 n + n
int ap_add(ap_context*, int32_t type, int64_t n, const void* a, const void* b, void* out);
// out (B,n) = a (B) * x (B,n) + b (B) * y (B,n); out may be x or y. <= 1e-6 of the terms. Moves 2 B n + B n
int ap_mix_rows(ap_context*, int32_t type, int64_t B, int64_t n, const float* a, const void* x, const float* b,
                const void* y, void* out);
// out (n) = a x (n) + b y (n) + c z (n); z may be NULL (0), out any of them. <= 1e-5. An element's bits do not
// depend on its place. Moves 3 n + n
int ap_linear_combination(ap_context*, int64_t n, float a, const float* x, float b, const float* y, float c,
                          const float* z, float* out);
// out (n) = x (n) + exp(min(a v (n) + b, 80)) z (n); out may be x, v or z. <= 1e-5. An element's bits do not
// depend on its place. Moves 3 n + n
int ap_add_exponential(ap_context*, int64_t n, const float* x, float a, const float* v, float b, const float* z,
                       float* out);
// out (n) = x (n), brought into low ... high; out may be x. Moves n + n
int ap_clamp(ap_context*, int64_t n, float low, float high, const float* x, float* out);
// to (n) = from (n), from elements of one type to elements of the other. Moves n + n
int ap_convert(ap_context*, int64_t n, int32_t from_type, const void* from, int32_t to_type, void* to);
// sum (columns) += the sum over r < rows of x[r * stride ...]. Moves rows columns + 0
int ap_sum_rows(ap_context*, int32_t type, int64_t rows, int64_t columns, int64_t stride, const void* x, float* sum);

// ---- linear.cpp (oneDNN) ---------------------------------------------------------------------------------------
// y (rows, out) = base (rows, out) + x (rows, in) * weight (out, in)^T + bias (out); bias and base may be NULL; y has
// elements of y_type, which is the type or AP_FLOAT32. <= 1e-5. Moves rows in + out in + rows out. With base, that is
// read and y written and read once more; from 2048 rows on, the weight is copied into oneDNN's layout and read there
int ap_linear_forward(ap_context*, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                      const void* weight, const float* bias, const void* base, int32_t y_type, void* y);
// y (rows, out) = gelu(h) and slope (rows, out) = gelu'(h), as ap_gelu_forward has them, of h = x (rows, in) * weight
// (out, in)^T + bias (out); bias and slope may be NULL. <= 1e-5. Moves rows in + out in + 2 rows out: h is made in
// float32, in pieces of rows, each read again while a cache holds it
int ap_linear_gelu_forward(ap_context*, int32_t type, int32_t gelu, int64_t rows, int64_t in, int64_t out,
                           const void* x, const void* weight, const float* bias, void* y, void* slope);
// dx (rows, in) = (dy (rows, out) * weight (out, in)) . scale (rows, in), element by element; scale may be NULL for 1.
// <= 1e-5. Moves rows out + out in (+ rows in with scale) + rows in, in pieces as above
int ap_linear_backward_input(ap_context*, int32_t type, int64_t rows, int64_t in, int64_t out, const void* dy,
                             const void* weight, const void* scale, void* dx);
// dweight (out, in) += dy (rows, out)^T * x (rows, in); dbias (out) += the sum of dy's rows, or NULL. <= 1e-5.
// Moves rows (in + out) + 2 out in + out in where the threads' sums fit a cache; else each thread reads the smaller of
// x and dy in full, and dy is read again for dbias
int ap_linear_backward_weight(ap_context*, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                              const void* dy, float* dweight, float* dbias);

// ---- attention.cpp ---------------------------------------------------------------------------------------------
// out (B,N,H,D) = softmax(q k^T scale) v from qkv (B,N,3,H,D); log_sum_exp (B,H,N) = each softmax's log denominator.
// D a multiple of 8 up to 160, N any. No N x N matrix in memory. <= 1e-5. Vaswani et al. 2017 eq. 1; Dao et al. 2022.
// Of bfloat16, probabilities, and backward the gradients of scores, may be rounded before they are multiplied, too.
// Moves 3 BNHD + BNHD: a head's keys and values stay in a cache while its queries pass
int ap_attention_forward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                         const void* qkv, void* out, float* log_sum_exp);
// dqkv (B,N,3,H,D) = the gradient by q, k, v, given dout (B,N,H,D) and the forward's out and log_sum_exp. <= 1e-5.
// Moves 5 BNHD + 3 BNHD
int ap_attention_backward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                          const void* qkv, const void* out, const float* log_sum_exp, const void* dout, void* dqkv);
// The same of queries q (B,N,H,D) on keys and values kv (B,M,2,H,D) of other tokens, M any: out (B,N,H,D) = softmax(q
// k^T scale) v; log_sum_exp (B,H,N). Moves (N + 2 M + N) BHD
int ap_cross_attention_forward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t M, int64_t H, int64_t D,
                               float scale, const void* q, const void* kv, void* out, float* log_sum_exp);
// dq (B,N,H,D), dkv (B,M,2,H,D) = the gradient by q and by k, v. Moves (3 N + 2 M + N + 2 M) BHD
int ap_cross_attention_backward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t M, int64_t H, int64_t D,
                                float scale, const void* q, const void* kv, const void* out, const float* log_sum_exp,
                                const void* dout, void* dq, void* dkv);

// ---- layer_norm.cpp --------------------------------------------------------------------------------------------
// y (rows,C) = (x - mean) * rstd * gain (C) + bias (C); mean, rstd (rows) = statistics, rstd = 1/sqrt(var + epsilon),
// var the population variance (two passes, no cancellation). <= 1e-5. Moves rows C + rows C. Ba et al. 2016
// eq. 4
int ap_layer_norm_forward(ap_context*, int32_t type, int64_t rows, int64_t C, float epsilon, const void* x,
                          const float* gain, const float* bias, void* y, float* mean, float* rstd);
// dx (rows,C) = base (rows,C) + the gradient by x; base may be NULL (nothing), dx may be base. <= 1e-5. Moves 3 rows C
// + rows C
int ap_layer_norm_backward(ap_context*, int32_t type, int64_t rows, int64_t C, const void* x, const float* gain,
                           const float* mean, const float* rstd, const void* dy, const void* base, void* dx);
// dgain (C) += sum dy * (x - mean) * rstd; dbias (C) += sum dy, over the rows. <= 1e-5. Moves 2 rows C + 0
int ap_layer_norm_backward_parameters(ap_context*, int32_t type, int64_t rows, int64_t C, const void* x,
                                      const float* mean, const float* rstd, const void* dy, float* dgain, float* dbias);

// ---- activation.cpp --------------------------------------------------------------------------------------------
// y (n) = gelu(x), AP_GELU_ERF or AP_GELU_TANH; slope (n) = its derivative; slope may be NULL, or x. <= 1e-5. Moves n +
// 2 n. Hendrycks and Gimpel 2016
int ap_gelu_forward(ap_context*, int32_t type, int32_t gelu, int64_t n, const void* x, void* y, void* slope);
// dx (n) = dy * slope; dx may be either. <= 1e-5. Moves 2 n + n
int ap_gelu_backward(ap_context*, int32_t type, int64_t n, const void* slope, const void* dy, void* dx);
// y (n) = x / (1 + e^-x). <= 1e-5. Moves n + n. Elfwing et al. 2018
int ap_silu_forward(ap_context*, int32_t type, int64_t n, const void* x, void* y);
// dx (n) = dy times the derivative of that at x; dx may be either. <= 1e-5. Moves 2 n + n
int ap_silu_backward(ap_context*, int32_t type, int64_t n, const void* x, const void* dy, void* dx);
// y (rows,C) = a * gelu(b), exact, of rows [a (C), b (C)] of x (rows,2C). <= 1e-5. Moves 2 rows C + rows C. Shazeer
// 2020
int ap_geglu_forward(ap_context*, int32_t type, int64_t rows, int64_t C, const void* x, void* y);
// dx (rows,2C) = [dy * gelu(b), dy * a * gelu'(b)], given dy (rows,C); dx may be x. <= 1e-5. Moves 3 rows C + 2 rows C
int ap_geglu_backward(ap_context*, int32_t type, int64_t rows, int64_t C, const void* x, const void* dy, void* dx);

// ---- residual.cpp ----------------------------------------------------------------------------------------------
// y (B,n) = x (B,n) + scale (B) * branch (B,n); scale may be NULL (1), y may be x. Moves 2 B n + B n
int ap_residual_forward(ap_context*, int32_t type, int64_t B, int64_t n, const void* x, const void* branch,
                        const float* scale, void* y);
// dbranch (B,n) = scale (B) * dy (B,n). Moves B n + B n
int ap_residual_backward(ap_context*, int32_t type, int64_t B, int64_t n, const void* dy, const float* scale,
                         void* dbranch);

// ---- modulation.cpp: chunks of modulation (B,chunks,C), by index, act on each sample's tokens ----------------------
// y (B,N,C) = (x - mean) * rstd * (1 + m_scale) + m_shift, with m_... a chunk (C) of the sample; mean, rstd (B,N) as in
// ap_layer_norm_forward. <= 1e-5. Moves BNC + BNC. Peebles and Xie 2023
int ap_modulated_norm_forward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks, int64_t shift,
                              int64_t scale, float epsilon, const void* x, const void* modulation, void* y, float* mean,
                              float* rstd);
// dx (B,N,C) = base (B,N,C) + the gradient by x; dmodulation (B,chunks,C): its chunk shift = the sum over a sample's
// tokens of dy, its chunk scale = that of dy * (x - mean) * rstd, others stay; base may be NULL (nothing), dx may be
// base; dx and dmodulation may be NULL (not wanted). Sums in float32, rounded once. <= 1e-5. Moves 3 BNC + BNC
int ap_modulated_norm_backward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks,
                               int64_t shift, int64_t scale, const void* x, const void* modulation, const float* mean,
                               const float* rstd, const void* dy, const void* base, void* dx, void* dmodulation);
// y (B,N,C) = x (B,N,C) + m_gate * branch (B,N,C); y may be x. <= 1e-6. Moves 2 BNC + BNC
int ap_gate_forward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks, int64_t gate,
                    const void* x, const void* branch, const void* modulation, void* y);
// dbranch (B,N,C) = m_gate * dy (B,N,C); dmodulation (B,chunks,C): its chunk gate = the sum over a sample's tokens of
// dy * branch, others stay; either may be NULL (not wanted). Sums as above. <= 1e-5. Moves 2 BNC + BNC
int ap_gate_backward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks, int64_t gate,
                     const void* dy, const void* branch, const void* modulation, void* dbranch, void* dmodulation);
// y (B,N,C) = x (B,N,C) + t (B,C), for every token; y may be x. Moves BNC + BNC
int ap_add_to_tokens(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, const void* x, const void* t, void* y);
// dt (B,C) = the sum over a sample's tokens of dy (B,N,C). <= 1e-5. Moves BNC + 0
int ap_sum_over_tokens(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy, void* dt);

// ---- embedding.cpp ---------------------------------------------------------------------------------------------
// y (count,width) = the rows of table (rows,width) that indices (count) name; NaN where one is outside 0 ... rows-1.
// Moves count width + count width
int ap_embedding_forward(ap_context*, int32_t type, int64_t count, int64_t rows, int64_t width, const int32_t* indices,
                         const void* table, void* y);
// dtable (rows,width): its row indices[i] += dy[i] (width), in the order of i; indices outside are left out. <= 1e-5.
// Moves 2 count width + count width
int ap_embedding_backward(ap_context*, int32_t type, int64_t count, int64_t rows, int64_t width, const int32_t* indices,
                          const void* dy, float* dtable);
// y (count,width), elements of y_type = [cos(t w_j), sin(t w_j)] with j < h = width / 2, w_j = max_period^(-j/h), and 0
// at the end of an odd width; angles in float64. <= 1e-6. Vaswani et al. 2017
int ap_timestep_embedding(ap_context*, int64_t count, int64_t width, float max_period, const float* t, int32_t y_type,
                          void* y);

// ---- noise.cpp -------------------------------------------------------------------------------------------------
// x (B,n) = draws from N(0, 1), row b's from the 32-bit words that Philox 4x32-10 (Salmon et al. 2011) makes with key
// `seed` and counters (block, streams[b]), where streams (B,2) are lower and upper words. Two words v, w give two draws
// (Box and Muller 1958): sqrt(-2 ln u) (cos a, sin a), with u = (v + 1/2) / 2^32 and a = 2 pi w / 2^32. |x| < 6.8.
// Each <= 1e-6 of its sqrt(-2 ln u), and the same whatever the other rows. Moves 0 + Bn
int ap_gaussian(ap_context*, int64_t seed, int64_t B, int64_t n, const int32_t* streams, float* x);

// ---- token.cpp -------------------------------------------------------------------------------------------------
// out (B,N,C) = [class_token (C); patches (B,N-1,C)] + positions (N,C). Moves BNC + BNC
int ap_assemble_tokens(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, const void* patches,
                       const float* class_token, const float* positions, void* out);
// dpatches (B,N-1,C) = dy (B,N,C) without token 0. Moves BNC + BNC
int ap_assemble_tokens_backward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy,
                                void* dpatches);
// y (B,C) = token 0 of x (B,N,C). Moves BC + BC
int ap_select_class_token(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, const void* x, void* y);
// dx (B,N,C) = dy (B,C) at token 0, zero elsewhere. Moves BC + BNC
int ap_select_class_token_backward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy,
                                   void* dx);
// out (1 + to*to, C) = bicubic resize of positions (1 + from*from, C), row 0 copied; a = -0.75, pixel centres at half
// integers, borders clamped. <= 1e-5; from == to copies. Keys 1981
int ap_resize_positions(ap_context*, int64_t from, int64_t to, int64_t C, const float* positions, float* out);
// dpositions (1 + from*from, C) += the transpose of that, applied to dy (1 + to*to, C)
int ap_resize_positions_backward(ap_context*, int64_t from, int64_t to, int64_t C, const float* dy, float* dpositions);

// ---- image.cpp -------------------------------------------------------------------------------------------------
// out (B,channels,R,R) = (bilinear sample of pixels (B,channels,height,width) uint8 / 255 - mean) / std; windows (B,5):
// top, left, height, width, flip; row i reads top + (i + 0.5) * height / R - 0.5, columns likewise, mirrored if flip is
// 1; clamped to the stored image. <= 1e-5. Moves the pixels that the windows show (bytes) + B channels R^2
int ap_image_transform(ap_context*, int64_t B, int64_t channels, int64_t height, int64_t width, int64_t R,
                       const uint8_t* pixels, const float* windows, const float* mean, const float* std, float* out);
// images (B,channels,R,R): zero in rectangles (B,4): top, left, height, width, as far as they lie in the image
int ap_image_erase(ap_context*, int64_t B, int64_t channels, int64_t R, const int32_t* rectangles, float* images);
// images (B,channels,R,R): in box b of boxes (B,4), as far as it lies in the image, images[b] = lambda[b] images[b] +
// (1-lambda[b]) images[B-1-b] of what both were before; lambda 1 keeps and lambda 0 copies exactly, and the middle one
// of an odd number stays as it is. <= 1e-5. Moves the boxes, twice + as much. Zhang et al. 2018; Yun et al. 2019
int ap_image_mix(ap_context*, int64_t B, int64_t channels, int64_t R, const int32_t* boxes, const float* lambda,
                 float* images);
// patches (B, G*G, channels*patch*patch) of images (B,channels,R,R), G = R / patch; a patch lies as (channel, y, x).
// Moves B channels R^2 + as many
int ap_patchify(ap_context*, int32_t type, int64_t B, int64_t channels, int64_t R, int64_t patch, const float* images,
                void* patches);
// images (B,channels,R,R) of tokens (B, G*G, patch*patch*channels), G = R / patch; a token lies as (y, x, channel).
// Moves B channels R^2 twice. Peebles and Xie 2023
int ap_unpatchify(ap_context*, int64_t B, int64_t channels, int64_t R, int64_t patch, const float* tokens,
                  float* images);
// dtokens (B, G*G, patch*patch*channels) = dimages (B,channels,R,R), each in its place
int ap_unpatchify_backward(ap_context*, int64_t B, int64_t channels, int64_t R, int64_t patch, const float* dimages,
                           float* dtokens);

// ---- convolution.cpp (oneDNN) ----------------------------------------------------------------------------------
// Of maps x (B,H,W,in) and y (B,Ho,Wo,out), all channels of a pixel together, Ho = (H + 2 padding - k) / stride + 1,
// Wo likewise, padding < k; weight (out,in,k,k) as PyTorch has it. In each call, the weight is copied into oneDNN's
// layout. Cut in samples, or where these are fewer than the threads, in bands of rows. Of bfloat16 maps whose rows of y
// have one pixel, y and dweight are products with windows as ap_unfold lays them out.
// y = the sum over the window, x being 0 outside, of x weight, + bias (out) or NULL. <= 1e-5. Moves x + weight + y
int ap_convolution_forward(ap_context*, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out,
                           int64_t k, int64_t stride, int64_t padding, const void* x, const void* weight,
                           const float* bias, void* y);
// dx = the gradient by x. <= 1e-5. Moves y + weight + x
int ap_convolution_backward_input(ap_context*, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out,
                                  int64_t k, int64_t stride, int64_t padding, const void* dy, const void* weight,
                                  void* dx);
// dweight (out,in,k,k) += the gradient by the weight; dbias (out) += the sum of dy over samples and pixels, or NULL.
// <= 1e-5. Moves x + y + weight + weight, and the threads' sums, of at most 256 MiB together, once more
int ap_convolution_backward_weight(ap_context*, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out,
                                   int64_t k, int64_t stride, int64_t padding, const void* x, const void* dy,
                                   float* dweight, float* dbias);
// patches (B, Ho Wo, in k k) = the window of each output in the order of the weight, 0 outside x. Moves x + k^2 y for
// in = out
int ap_unfold(ap_context*, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out, int64_t k,
              int64_t stride, int64_t padding, const void* x, void* patches);

// ---- group_norm.cpp --------------------------------------------------------------------------------------------
// z (B,N,C) = (x - mean) * rstd * gain (C) + bias (C); mean, rstd (B,G) = statistics over the N pixels and C / G
// channels of a group, rstd = 1/sqrt(var + epsilon), var the population variance (two passes, no cancellation); y = z,
// or if silu is 1, z / (1 + e^-z). <= 1e-5. Moves BNC + BNC: a cache keeps what a thread works on. Wu and He 2018 eq. 7
int ap_group_norm_forward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G, float epsilon,
                          int32_t silu, const void* x, const float* gain, const float* bias, void* y, float* mean,
                          float* rstd);
// dx (B,N,C) = base (B,N,C) + the gradient by x; base may be NULL (nothing), dx may be base. z is found again from x.
// <= 1e-5. Moves 3 BNC + BNC
int ap_group_norm_backward(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G, int32_t silu,
                           const void* x, const float* gain, const float* bias, const float* mean, const float* rstd,
                           const void* dy, const void* base, void* dx);
// dgain (C) += sum dz * (x - mean) * rstd; dbias (C) += sum dz, over samples and pixels, dz the gradient by z. <= 1e-5.
// Moves 2 BNC + 0
int ap_group_norm_backward_parameters(ap_context*, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G,
                                      int32_t silu, const void* x, const float* gain, const float* bias,
                                      const float* mean, const float* rstd, const void* dy, float* dgain, float* dbias);

// ---- feature_map.cpp -------------------------------------------------------------------------------------------
// y (B,2H,2W,C) = x (B,H,W,C), each pixel four times. Moves n + 4 n
int ap_upsample_forward(ap_context*, int32_t type, int64_t B, int64_t H, int64_t W, int64_t C, const void* x, void* y);
// dx (B,H,W,C) = the sum of each four pixels of dy (B,2H,2W,C). <= 1e-5. Moves 4 n + n
int ap_upsample_backward(ap_context*, int32_t type, int64_t B, int64_t H, int64_t W, int64_t C, const void* dy,
                         void* dx);
// out (rows, first + second) = a (rows, first) and b (rows, second) side by side. Moves n + n
int ap_concatenate(ap_context*, int32_t type, int64_t rows, int64_t first, int64_t second, const void* a, const void* b,
                   void* out);
// a (rows, first) and b (rows, second) = the columns of x (rows, first + second); either may be NULL. Moves n + n
int ap_split(ap_context*, int32_t type, int64_t rows, int64_t first, int64_t second, const void* x, void* a, void* b);

// ---- loss.cpp --------------------------------------------------------------------------------------------------
// losses (B) = cross entropy of logits (B,classes) against labels (B) and partners (B), mixed by lambda (B) and
// smoothed: q_k = (1-s) (lambda [k = label] + (1-lambda) [k = partner]) + s/classes; partners and lambda may both be
// NULL: lambda is 1. log_sum_exp (B) = log sum exp(logits). A label or partner outside 0 ... classes-1 gives NaN.
// <= 1e-5. Moves B classes + 0. Szegedy et al. 2016; Zhang et al. 2018
int ap_cross_entropy_forward(ap_context*, int64_t B, int64_t classes, const float* logits, const int32_t* labels,
                             const int32_t* partners, const float* lambda, float smoothing, float* losses,
                             float* log_sum_exp);
// dlogits (B,classes) = scale * (softmax(logits) - q). <= 1e-5. Moves B classes + B classes
int ap_cross_entropy_backward(ap_context*, int64_t B, int64_t classes, const float* logits, const int32_t* labels,
                              const int32_t* partners, const float* lambda, float smoothing, const float* log_sum_exp,
                              float scale, float* dlogits);

// ---- diffusion_loss.cpp ----------------------------------------------------------------------------------------
// losses (B) = the mean over a row of (prediction - target (B,P))^2, the rows of prediction `stride` elements apart.
// <= 1e-5. Moves 2 B P + 0
int ap_mean_squared_error_forward(ap_context*, int32_t type, int64_t B, int64_t P, int64_t stride,
                                  const void* prediction, const float* target, float* losses);
// dprediction = scale * 2 / P * (prediction - target); what lies between the rows stays. <= 1e-5. Moves 2 B P + B P
int ap_mean_squared_error_backward(ap_context*, int32_t type, int64_t B, int64_t P, int64_t stride,
                                   const void* prediction, const float* target, float scale, float* dprediction);
// losses (B) = the variational bound's part that trains a diffusion model's variance, in bits per dimension, of
// prediction (B,2,P): [epsilon, v], clean x_0 (B,P), noisy x_t (B,P) and coefficients (B,7): r = sqrt(1/abar), s =
// sqrt(1/abar - 1), c_0, c_t, log betatilde, log beta, whether t = 0. With the mean m = c_0 (r x_t - s epsilon) + c_t
// x_t and the log variance l = log betatilde + (v+1)/2 (log beta - log betatilde): the mean over P of the divergence of
// N(m, e^l) from the posterior N(c_0 x_0 + c_t x_t, betatilde), or at t = 0 of -log of N(m, e^l) integrated over x_0 -
// 1/255 ... x_0 + 1/255 (from -infinity below -0.999, to infinity above 0.999), at least 1e-12, by the approximation of
// AP_GELU_TANH. <= 1e-5 (of a divergence near 0: of its terms). Moves 4 B P + 0. Nichol and Dhariwal 2021; Ho et al.
// 2020
int ap_variational_bound_forward(ap_context*, int32_t type, int64_t B, int64_t P, const void* prediction,
                                 const float* clean, const float* noisy, const float* coefficients, float* losses);
// dprediction (B,2,P): its second half = scale * the gradient by v (m is taken for a constant), the first stays. <=
// 1e-5. Moves 4 B P + B P
int ap_variational_bound_backward(ap_context*, int32_t type, int64_t B, int64_t P, const void* prediction,
                                  const float* clean, const float* noisy, const float* coefficients, float scale,
                                  float* dprediction);

// ---- optimizer.cpp ---------------------------------------------------------------------------------------------
// sum (1) += sum of x (n) squared, accumulated in float64. <= 1e-6. Moves n + 0
int ap_sum_of_squares(ap_context*, int64_t n, const float* x, float* sum);
// One AdamW step on w, g, m, v (n) with the moving averages of its result (averages <= 4 of n each, at the addresses in
// emas): g is scaled by min(1, max_norm / (sqrt(squared_norm[0]) + 1e-6)), m = beta1 m + (1-beta1) g, v likewise with
// g^2, w -= lr ((c1 m) / (sqrt(c2 v) + epsilon) + weight_decay w), ema = d ema + (1-d) w, rounded (n, bfloat16; may be
// NULL) = w. rates (3 + averages) is what changes from step to step: lr, c1 = 1 / (1-beta1^step), c2 likewise, and each
// average's d. Where squared_norm is not finite, nothing changes. g is left as it is. <= 1e-5.
// Moves (4 + averages) n + (3 + averages) n, and n bfloat16 written for rounded. Loshchilov and Hutter 2019
int ap_adam_w(ap_context*, int64_t n, float beta1, float beta2, float epsilon, float weight_decay, float max_norm,
              const float* rates, float* w, const float* g, float* m, float* v, const float* squared_norm,
              int32_t averages, const int64_t* emas, void* rounded);

// ---- statistics.cpp (products by oneDNN) ------------------------------------------------------------------------
// gram (n,n) float64 += <G_i, G_j>, where G_i = dy_i (N,out)^T * x_i (N,in) is sample i's own gradient of a linear
// layer's weight, x (n,N,in), dy (n,N,out): its part of the neural tangent kernel. The two differ in how, not in what:
//   contracted: the sum over tokens p of i and q of j of <x_ip, x_jq> <dy_ip, dy_jq>;
//               n (n+1) N^2 (in + out) operations;
//   tiled:      every G_i by tiles of the weight, one tile of all samples at a time;
//               (2 N + n + 1) n in out operations.
// <= 1e-5 of the largest element; what is added is exactly symmetric. No G_i is ever there in full. Jacot et al. 2018;
// Novak et al. 2022
int ap_ntk_gram_contracted(ap_context*, int32_t type, int64_t n, int64_t N, int64_t in, int64_t out, const void* x,
                           const void* dy, double* gram);
int ap_ntk_gram_tiled(ap_context*, int32_t type, int64_t n, int64_t N, int64_t in, int64_t out, const void* x,
                      const void* dy, double* gram);
// gram (n,n) float64 += g (n,P) g^T: the same for gradients that are there in full. Moves n P + 0
int ap_ntk_gram_rows(ap_context*, int64_t n, int64_t P, const float* g, double* gram);
// Takes a weight's gradient g (n) of the batch'th batch, from 1 on, into what is known of all so far: mean (n) of g,
// magnitude (n) = mean |g|, squares (n) = the sum of (g - mean)^2. The first batch overwrites them. <= 1e-5. Moves 4 n
// + 3 n. Welford 1962
int ap_zico_update(ap_context*, int64_t n, int64_t batch, const float* g, float* mean, float* magnitude,
                   float* squares);
// sum (1) float64 += the sum of magnitude / sqrt(squares / batches) over the n weights whose squares are above 0 (or
// NaN). <= 1e-6. Moves 2 n + 0. Li et al. 2023 eq. 7, without the logarithm
int ap_zico_reduce(ap_context*, int64_t n, int64_t batches, const float* magnitude, const float* squares, double* sum);

// ---- growth.cpp ------------------------------------------------------------------------------------------------
// to[to_offset + i] = from[from_offset + i] for i < length, for each of `count` segments. Moves as many + as many
int ap_copy_segments(ap_context*, int64_t count, const int64_t* from_offsets, const int64_t* to_offsets,
                     const int64_t* lengths, const float* from, float* to);

}  // extern "C"
#pragma GCC visibility pop
