// Columns of the group Fourier transform over the quarter turns, and back, for fourier.py.
#include <cstdint>

namespace {

struct Shape {
    int64_t channels, height, width;  // of the picture, without its border
    int64_t half;                     // zeros at each border: half a kernel
    int64_t first_row, last_row;      // rows to work on, those of all pictures one after the other
};

// Transform of f(p + s r, s) over the turns s, for every offset r in the kernel and every pixel p of
// the rows. Four planes, each channel x offset x pixel: frequencies 0 and 2, then 1, real and imaginary.
template <class T>
void columns(const T* padded, T* output, const Shape& shape, int64_t channel) {
    const int64_t half = shape.half, width = shape.width, pitch = width + 2 * half;
    const int64_t entry = (shape.height + 2 * half) * pitch, taps = (2 * half + 1) * (2 * half + 1);
    const int64_t column = taps * (shape.last_row - shape.first_row) * width, plane = shape.channels * column;
    output += channel * column;
    for (int64_t y = -half; y <= half; ++y)
        for (int64_t x = -half; x <= half; ++x)
            for (int64_t row = shape.first_row; row < shape.last_row; ++row, output += width) {
                const T* picture = padded + (row / shape.height * shape.channels + channel) * 4 * entry;
                const T* pixel = picture + (row % shape.height + half) * pitch + half;
                const T* __restrict f0 = pixel + y * pitch + x;  // counter-clockwise: (y, x) to (-x, y)
                const T* __restrict f1 = pixel - x * pitch + y + entry;
                const T* __restrict f2 = pixel - y * pitch - x + 2 * entry;
                const T* __restrict f3 = pixel + x * pitch - y + 3 * entry;
                T* __restrict zero = output;
                T* __restrict two = output + plane;
                T* __restrict real = output + 2 * plane;
                T* __restrict imaginary = output + 3 * plane;
#pragma GCC ivdep  // source and target never overlap
                for (int64_t p = 0; p < width; ++p) {
                    const T even = f0[p] + f2[p], odd = f1[p] + f3[p];
                    zero[p] = even + odd;
                    two[p] = even - odd;
                    real[p] = f0[p] - f2[p];
                    imaginary[p] = f3[p] - f1[p];
                }
            }
}

// From the four planes back to the four entries, but for the factors 1/4, 1/4 and 1/2; adds the bias.
template <class T>
void entries(const T* planes, T* output, const T* bias, const Shape& shape, int64_t channel) {
    const int64_t width = shape.width, entry = shape.height * width;
    const int64_t column = (shape.last_row - shape.first_row) * width, plane = shape.channels * column;
    const T constant = bias ? bias[channel] : T(0);
    planes += channel * column;
    for (int64_t row = shape.first_row; row < shape.last_row; ++row, planes += width) {
        const T* __restrict zero = planes;
        const T* __restrict two = planes + plane;
        const T* __restrict real = planes + 2 * plane;
        const T* __restrict imaginary = planes + 3 * plane;
        T* __restrict to =
            output + (row / shape.height * shape.channels + channel) * 4 * entry + row % shape.height * width;
#pragma GCC ivdep
        for (int64_t p = 0; p < width; ++p) {
            const T even = constant + (zero[p] + two[p]), odd = constant + (zero[p] - two[p]);
            to[p] = even + real[p];
            to[p + entry] = odd - imaginary[p];
            to[p + 2 * entry] = even - real[p];
            to[p + 3 * entry] = odd + imaginary[p];
        }
    }
}

template <class T>
void all_columns(const T* padded, T* output, const Shape& shape, int64_t threads) {
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int64_t channel = 0; channel < shape.channels; ++channel) columns(padded, output, shape, channel);
}

template <class T>
void all_entries(const T* planes, T* output, const T* bias, const Shape& shape, int64_t threads) {
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int64_t channel = 0; channel < shape.channels; ++channel) entries(planes, output, bias, shape, channel);
}

}  // namespace

extern "C" void columns_float(const float* padded, float* output, const Shape* shape, int64_t threads) {
    all_columns(padded, output, *shape, threads);
}

extern "C" void columns_double(const double* padded, double* output, const Shape* shape, int64_t threads) {
    all_columns(padded, output, *shape, threads);
}

extern "C" void entries_float(const float* planes, float* output, const float* bias, const Shape* shape,
                              int64_t threads) {
    all_entries(planes, output, bias, *shape, threads);
}

extern "C" void entries_double(const double* planes, double* output, const double* bias, const Shape* shape,
                               int64_t threads) {
    all_entries(planes, output, bias, *shape, threads);
}
