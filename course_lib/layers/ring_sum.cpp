// Ring sums of a padded picture or volume, for ring_sum.py.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

struct Shape {
    int64_t channels, depth, height, width;  // of the input; a picture has depth 1
    int64_t pad_z, pad;                       // zeros at each border
    int64_t reach_z, reach;                   // taps lie within -reach .. reach
    int64_t rings, classes;
    int64_t first_row, last_row;              // rows of the output to fill, z and y flattened
};

// Neighbouring numbers of a row, added at once; the compiler splits them into the processor's registers.
template <class T>
struct Block {
    T values __attribute__((vector_size(64)));
};

template <class T>
Block<T> load(const T* from) {
    Block<T> block;
    std::memcpy(&block, from, sizeof block);
    return block;
}

// Classes are sets of taps with equal weight in every ring. The rows above and below are added
// first, since the kernel is its own mirror image; taps are (z, y, x) with z and y not negative.
template <class T>
void ring_sums(const T* input, T* output, const int32_t* taps, const int32_t* class_end, const T* mix,
               const Shape& s, int64_t first_channel, int64_t last_channel) {
    constexpr int64_t lanes = sizeof(Block<T>) / sizeof(T);
    const int64_t height = s.height + 2 * s.pad - 2 * s.reach, width = s.width + 2 * s.pad - 2 * s.reach;
    const int64_t pitch = s.width + 2 * s.pad + lanes, rows = s.last_row - s.first_row;
    const int64_t planes = (s.reach_z + 1) * (s.reach + 1);
    std::vector<T> folded(planes * pitch);
    std::vector<Block<T>> sums(s.classes);
    std::vector<int64_t> offset(class_end[s.classes - 1]);
    for (size_t t = 0; t < offset.size(); ++t)
        offset[t] = (taps[3 * t] * (s.reach + 1) + taps[3 * t + 1]) * pitch + taps[3 * t + 2] + s.reach;
    for (int64_t c = first_channel; c < last_channel; ++c)
        for (int64_t row = s.first_row; row < s.last_row; ++row) {
            const int64_t z0 = row / height + s.reach_z - s.pad_z, y0 = row % height + s.reach - s.pad;
            std::fill(folded.begin(), folded.end(), T(0));
            for (int64_t dz = -s.reach_z; dz <= s.reach_z; ++dz)
                for (int64_t dy = -s.reach; dy <= s.reach; ++dy) {
                    const int64_t z = z0 + dz, y = y0 + dy;
                    if (z < 0 || z >= s.depth || y < 0 || y >= s.height) continue;
                    const T* __restrict from = input + ((c * s.depth + z) * s.height + y) * s.width;
                    T* __restrict to = &folded[(std::abs(dz) * (s.reach + 1) + std::abs(dy)) * pitch + s.pad];
                    for (int64_t x = 0; x < s.width; ++x) to[x] += from[x];
                }
            for (int64_t x = 0; x < width; x += lanes) {
                const int64_t count = std::min(lanes, width - x);
                for (int64_t k = 0, t = 0; k < s.classes; ++k) {
                    Block<T> sum{};
                    for (; t < class_end[k]; ++t) sum.values += load(&folded[x + offset[t]]).values;
                    sums[k] = sum;
                }
                for (int64_t r = 0; r < s.rings; ++r) {
                    Block<T> ring{};
                    for (int64_t k = 0; k < s.classes; ++k)
                        if (mix[r * s.classes + k] != T(0)) ring.values += mix[r * s.classes + k] * sums[k].values;
                    std::memcpy(output + ((c * s.rings + r) * rows + row - s.first_row) * width + x, &ring,
                                count * sizeof(T));
                }
            }
        }
}

template <class T>
void run(const T* input, T* output, const int32_t* taps, const int32_t* class_end, const T* mix, const Shape& s,
         int64_t threads) {
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int64_t c = 0; c < s.channels; c += 4)
        ring_sums(input, output, taps, class_end, mix, s, c, std::min(c + 4, s.channels));
}

}  // namespace

extern "C" void ring_sums_float(const float* input, float* output, const int32_t* taps, const int32_t* class_end,
                                const float* mix, const Shape* s, int64_t threads) {
    run(input, output, taps, class_end, mix, *s, threads);
}

extern "C" void ring_sums_double(const double* input, double* output, const int32_t* taps,
                                 const int32_t* class_end, const double* mix, const Shape* s, int64_t threads) {
    run(input, output, taps, class_end, mix, *s, threads);
}
