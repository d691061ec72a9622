// Local attention over pixels and poses, forward and backward, for local_attention.py.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace {

struct Shape {
    int64_t maps;                          // pictures times heads
    int64_t heads, width, order;           // channels of a head; poses
    int64_t height, columns, reach, taps;  // of the picture; of the neighbourhood
};

// Neighbouring pixels, computed at once; the compiler splits them into the processor's registers.
typedef float Floats __attribute__((vector_size(64)));
typedef double Doubles __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));

template <class T>
using Block = std::conditional_t<std::is_same_v<T, float>, Floats, Doubles>;

template <class T>
Block<T> load(const T* from) {
    Block<T> block;
    std::memcpy(&block, from, sizeof block);
    return block;
}

template <class T>
void store(T* to, Block<T> block) {
    std::memcpy(to, &block, sizeof block);
}

Doubles exponential(Doubles x) {
    for (int i = 0; i < 8; ++i) x[i] = std::exp(x[i]);
    return x;
}

// x is not positive. 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]; below -87 it is held.
Floats exponential(Floats x) {
    const Floats floor = Floats{} - 87.0f;
    x = x < floor ? floor : x;
    const Ints n = __builtin_convertvector(x * 1.44269504f - 0.5f, Ints);  // towards 0, so to the nearest
    const Floats whole = __builtin_convertvector(n, Floats);
    const Floats r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * (Floats)((n + 127) << 23);
}

// One picture and one head. Pictures get a border of zeros, so that a neighbour is a shift of the flat pixels.
template <class T>
struct Head {
    static constexpr int64_t lanes = 64 / sizeof(T);
    const Shape& s;
    int64_t pitch, flat, planes;
    std::vector<int64_t> shift;  // of each tap
    std::vector<T> inside;
    std::vector<Block<T>> weight, asked;

    Head(const Shape& s, const int32_t* offsets)
        : s(s), pitch(s.columns + 2 * s.reach), planes(s.width * s.order), weight(s.order * s.taps), asked(s.width) {
        flat = (s.height + 2 * s.reach) * pitch + 3 * s.reach + 2 * lanes;
        for (int64_t t = 0; t < s.taps; ++t) shift.push_back(offsets[2 * t] * pitch + offsets[2 * t + 1]);
        inside.assign(flat, T(0));
        for (int64_t y = 0; y < s.height; ++y) std::fill_n(&inside[place(y)], s.columns, T(1));
    }

    int64_t place(int64_t y) const { return (y + s.reach) * pitch + 2 * s.reach; }
    int64_t first() const { return place(0); }
    int64_t last() const { return place(s.height); }

    std::vector<T> padded(const T* from) const {
        std::vector<T> to(planes * flat, T(0));
        for (int64_t c = 0; c < planes; ++c)
            for (int64_t y = 0; y < s.height; ++y)
                std::copy_n(from + (c * s.height + y) * s.columns, s.columns, &to[c * flat + place(y)]);
        return to;
    }

    void cropped(const std::vector<T>& from, T* to) const {
        for (int64_t c = 0; c < planes; ++c)
            for (int64_t y = 0; y < s.height; ++y)
                std::copy_n(&from[c * flat + place(y)], s.columns, to + (c * s.height + y) * s.columns);
    }

    // Softmax over all neighbours of a block of pixels, for the pose g that asks.
    void attend(const T* q, const T* k, const T* e, int64_t g, int64_t p) {
        const int64_t all = s.order * s.taps;
        const T scale = T(1) / std::sqrt(T(s.width));
        for (int64_t d = 0; d < s.width; ++d) asked[d] = scale * load(q + (d * s.order + g) * flat + p);
        Block<T> largest = Block<T>{} - T(1e30);
        for (int64_t h = 0, u = 0; h < s.order; ++h)
            for (int64_t t = 0; t < s.taps; ++t, ++u) {
                Block<T> logit{};
                for (int64_t d = 0; d < s.width; ++d)
                    logit += asked[d] * (load(k + (d * s.order + h) * flat + p + shift[t]) +
                                         e[(d * s.order + g) * all + u]);
                logit = load(&inside[p + shift[t]]) > T(0) ? logit : Block<T>{} - T(1e30);
                largest = logit > largest ? logit : largest;
                weight[u] = logit;
            }
        Block<T> sum{};
        for (int64_t h = 0, u = 0; h < s.order; ++h)
            for (int64_t t = 0; t < s.taps; ++t, ++u) {
                weight[u] = exponential(weight[u] - largest) * load(&inside[p + shift[t]]);
                sum += weight[u];
            }
        sum = sum > T(0) ? sum : Block<T>{} + T(1);  // between the rows, where nobody looks
        for (int64_t u = 0; u < all; ++u) weight[u] /= sum;
    }

    void forward(const T* q, const T* k, const T* v, const T* e, T* out) {
        const std::vector<T> qs = padded(q), ks = padded(k), vs = padded(v);
        std::vector<T> outs(planes * flat, T(0));
        for (int64_t g = 0; g < s.order; ++g)
            for (int64_t p = first(); p < last(); p += lanes) {
                attend(qs.data(), ks.data(), e, g, p);
                for (int64_t d = 0; d < s.width; ++d) {
                    Block<T> sum{};
                    for (int64_t h = 0, u = 0; h < s.order; ++h)
                        for (int64_t t = 0; t < s.taps; ++t, ++u)
                            sum += weight[u] * load(&vs[(d * s.order + h) * flat + p + shift[t]]);
                    store(&outs[(d * s.order + g) * flat + p], sum);
                }
            }
        cropped(outs, out);
    }

    void backward(const T* q, const T* k, const T* v, const T* e, const T* grad, T* to_q, T* to_k, T* to_v, T* to_e) {
        const int64_t all = s.order * s.taps;
        const T scale = T(1) / std::sqrt(T(s.width));
        const std::vector<T> qs = padded(q), ks = padded(k), vs = padded(v), gs = padded(grad);
        std::vector<T> dq(planes * flat, T(0)), dk(dq), dv(dq);
        std::vector<Block<T>> slope(all), given(s.width), de(s.width * all);
        for (int64_t g = 0; g < s.order; ++g) {
            std::fill(de.begin(), de.end(), Block<T>{});
            for (int64_t p = first(); p < last(); p += lanes) {
                attend(qs.data(), ks.data(), e, g, p);
                Block<T> mean{};
                for (int64_t d = 0; d < s.width; ++d) given[d] = load(&gs[(d * s.order + g) * flat + p]);
                for (int64_t h = 0, u = 0; h < s.order; ++h)
                    for (int64_t t = 0; t < s.taps; ++t, ++u) {
                        Block<T> sum{};
                        for (int64_t d = 0; d < s.width; ++d) {
                            T* to = &dv[(d * s.order + h) * flat + p + shift[t]];
                            sum += given[d] * load(&vs[(d * s.order + h) * flat + p + shift[t]]);
                            store(to, load(to) + weight[u] * given[d]);
                        }
                        slope[u] = sum;
                        mean += weight[u] * sum;
                    }
                for (int64_t u = 0; u < all; ++u) slope[u] = weight[u] * (slope[u] - mean);
                for (int64_t d = 0; d < s.width; ++d) {
                    Block<T> sum{};
                    for (int64_t h = 0, u = 0; h < s.order; ++h)
                        for (int64_t t = 0; t < s.taps; ++t, ++u) {
                            const int64_t at = (d * s.order + h) * flat + p + shift[t];
                            sum += slope[u] * (load(&ks[at]) + e[(d * s.order + g) * all + u]);
                            store(&dk[at], load(&dk[at]) + slope[u] * asked[d]);
                            de[d * all + u] += slope[u] * asked[d];
                        }
                    store(&dq[(d * s.order + g) * flat + p], scale * sum);
                }
            }
            for (int64_t d = 0; d < s.width; ++d)
                for (int64_t u = 0; u < all; ++u) {
                    T sum = 0;
                    for (int64_t i = 0; i < lanes; ++i) sum += de[d * all + u][i];
                    to_e[(d * s.order + g) * all + u] = sum;
                }
        }
        cropped(dq, to_q);
        cropped(dk, to_k);
        cropped(dv, to_v);
    }
};

template <class T>
void run(const T* q, const T* k, const T* v, const T* e, T* out, const T* grad, T* to_q, T* to_k, T* to_v, T* to_e,
         const int32_t* offsets, const Shape& s, int64_t threads) {
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int64_t m = 0; m < s.maps; ++m) {
        Head<T> head(s, offsets);
        const int64_t at = m * s.width * s.order * s.height * s.columns;
        const int64_t table = s.width * s.order * s.order * s.taps;
        const T* codes = e + m % s.heads * table;
        if (grad == nullptr)
            head.forward(q + at, k + at, v + at, codes, out + at);
        else
            head.backward(q + at, k + at, v + at, codes, grad + at, to_q + at, to_k + at, to_v + at,
                          to_e + m * table);
    }
}

}  // namespace

extern "C" void local_attention_float(const float* q, const float* k, const float* v, const float* e, float* out,
                                      const float* grad, float* to_q, float* to_k, float* to_v, float* to_e,
                                      const int32_t* offsets, const Shape* s, int64_t threads) {
    run(q, k, v, e, out, grad, to_q, to_k, to_v, to_e, offsets, *s, threads);
}

extern "C" void local_attention_double(const double* q, const double* k, const double* v, const double* e, double* out,
                                       const double* grad, double* to_q, double* to_k, double* to_v, double* to_e,
                                       const int32_t* offsets, const Shape* s, int64_t threads) {
    run(q, k, v, e, out, grad, to_q, to_k, to_v, to_e, offsets, *s, threads);
}
