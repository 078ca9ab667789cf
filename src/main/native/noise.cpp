#include "context.hpp"
#include "math.hpp"

using namespace autoprog;

namespace {

using Words = uint32_t __attribute__((vector_size(kLanes * 4)));

// A lane has a Philox block of its own: four words.
struct Block {
  Words words[4];
};

struct Product {
  Words high, low;
};

Product multiply(uint32_t a, Words b) {
  using Wide = uint64_t __attribute__((vector_size(kLanes * 8)));
  const Wide product = __builtin_convertvector(b, Wide) * a;
  return {__builtin_convertvector(product >> 32, Words), __builtin_convertvector(product, Words)};
}

// The blocks `first`, `first` + 1 ... of a stream.
Block philox(uint64_t key, uint64_t stream, uint64_t first) {
  constexpr int kRounds = 10;
  Words low{}, high{};
  for (int64_t i = 0; i < kLanes; i++) {
    const uint64_t block = first + static_cast<uint64_t>(i);
    low[i] = static_cast<uint32_t>(block);
    high[i] = static_cast<uint32_t>(block >> 32);
  }
  Words c[4] = {low, high, Words{} + static_cast<uint32_t>(stream), Words{} + static_cast<uint32_t>(stream >> 32)};
  auto k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kRounds; round++) {
    const Product p = multiply(0xD2511F53, c[0]), q = multiply(0xCD9E8D57, c[2]);
    c[0] = q.high ^ c[1] ^ k0;
    c[1] = q.low;
    c[2] = p.high ^ c[3] ^ k1;
    c[3] = p.low;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {{c[0], c[1], c[2], c[3]}};
}

// sqrt(-2 ln u) for u = (v + 1/2) / 2^32. Close to 1, u has few digits: 1 - u is what counts there.
Vec radius(Words v) {
  constexpr float kUnit = 0x1p-32f;
  const Vec u = (__builtin_convertvector(v, Vec) + 0.5f) * kUnit;
  const Vec rest = (__builtin_convertvector(~v, Vec) + 0.5f) * kUnit;
  return square_root(-2.0f * (rest < 0.25f ? detail::log_near_one(-rest) : log(u)));
}

struct Turn {
  Vec cosine, sine;
};

// Of 2 pi w / 2^32: the nearest quarter of a turn, and what is left of the angle. Polynomials of Cephes, sinf and cosf.
Turn turn(Words w) {
  constexpr float kUnit = 1.46291808e-9f;  // 2 pi / 2^32
  const Words quarter = (w + (1u << 29)) >> 30;
  const Vec a = __builtin_convertvector(reinterpret_cast<VecInt>(w - (quarter << 30)), Vec) * kUnit, z = a * a;
  const Vec sine = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * a + a;
  const Vec cosine =
      ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
  const auto odd = reinterpret_cast<VecInt>(quarter << 31) < 0;
  const auto signed_by = [](Vec x, Words bit1) { return bits(bits(x) ^ reinterpret_cast<VecInt>((bit1 & 2) << 30)); };
  return {signed_by(odd ? sine : cosine, quarter + 1), signed_by(odd ? cosine : sine, quarter)};
}

// The draws of as many blocks as a vector has lanes, block by block.
struct Draws {
  float values[4 * kLanes];

  explicit Draws(const Block& block) {
    Vec rows[4];
    for (int half = 0; half < 2; half++) {
      const Vec r = radius(block.words[2 * half]);
      const Turn t = turn(block.words[2 * half + 1]);
      rows[half] = r * t.cosine;
      rows[half + 2] = r * t.sine;
    }
    using detail::Indices, detail::interleaved;
    for (int half = 0; half < 2; half++) {
      const auto pairs = [&](Vec a, Vec b) {
        return half == 0 ? interleaved<0>(a, b, Indices{}) : interleaved<kLanes / 2>(a, b, Indices{});
      };
      const Vec cosines = pairs(rows[0], rows[1]), sines = pairs(rows[2], rows[3]);
      store(values + 2 * half * kLanes, interleaved<0>(cosines, sines, Indices{}));
      store(values + (2 * half + 1) * kLanes, interleaved<kLanes / 2>(cosines, sines, Indices{}));
    }
  }
};

}  // namespace

int ap_gaussian(ap_context* context, int64_t seed, int64_t B, int64_t n, const int32_t* streams, float* x) {
  return guarded(context, [&] {
    constexpr int64_t kPiece = 4 * kLanes;
    constexpr int64_t kWorthOfADraw = 8;  // a draw takes about as long as so many floats of a copy
    const int64_t pieces = (n + kPiece - 1) / kPiece;
    parallel(
        context, parts_for(context, kWorthOfADraw * B * n), B * pieces, 1, [&](int64_t, int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; i++) {
            const int64_t row = i / pieces, first = i % pieces * kPiece;
            const auto word = [&](int64_t at) { return static_cast<uint64_t>(static_cast<uint32_t>(streams[at])); };
            const uint64_t stream = word(2 * row) | word(2 * row + 1) << 32;
            const Draws draws(philox(static_cast<uint64_t>(seed), stream, static_cast<uint64_t>(first / 4)));
            std::memcpy(x + row * n + first, draws.values,
                        static_cast<size_t>(std::min(kPiece, n - first)) * sizeof(float));
          }
        });
  });
}
