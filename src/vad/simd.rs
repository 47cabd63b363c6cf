//! Loops for vectors of any width.
//!
//! The default target of x86-64 knows neither AVX2 nor AVX-512, so `pulp` compiles these loops for
//! processors that have them as well and chooses while running. Without either (and without NEON)
//! vectors are four plain numbers.

use pulp::{Arch, Scalar128b, Simd, WithSimd};

/// Numbers that begin where a line of the cache does: a vector of AVX-512 fills one, and would
/// otherwise always lie across two.
#[derive(Debug, Default)]
pub(super) struct Aligned {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

impl Aligned {
    const LINE: usize = 16;

    pub(super) fn zeros(length: usize) -> Aligned {
        let values = vec![0.0; length + Aligned::LINE];
        let start = values.as_ptr().align_offset(4 * Aligned::LINE);
        Aligned {
            // What cannot be aligned is slower, but not wrong.
            start: start.min(Aligned::LINE),
            values,
            length,
        }
    }

    pub(super) fn get(&self) -> &[f32] {
        &self.values[self.start..][..self.length]
    }

    pub(super) fn get_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..][..self.length]
    }
}

impl Clone for Aligned {
    /// Copies the numbers to where another line begins.
    fn clone(&self) -> Aligned {
        let mut copy = Aligned::zeros(self.length);
        copy.get_mut().copy_from_slice(self.get());
        copy
    }
}

/// Work that is the same for vectors of any width.
pub(super) trait Work: Sized {
    type Output;
    fn run<S: Simd>(self, simd: S) -> Self::Output;

    fn on(self, arch: Arch) -> Self::Output {
        arch.dispatch(Dispatched(self))
    }
}

struct Dispatched<W>(W);

impl<W: Work> WithSimd for Dispatched<W> {
    type Output = W::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> W::Output {
        if S::F32_LANES == 1 {
            self.0.run(Scalar128b)
        } else {
            self.0.run(simd)
        }
    }
}

/// Returns a · b + c. Where no instruction does it at once, the standard library would call a
/// function.
#[inline(always)]
pub(super) fn fma<S: Simd>(s: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if cfg!(target_arch = "aarch64") || S::F32_LANES >= 8 {
        s.mul_add_e_f32s(a, b, c)
    } else {
        s.add_f32s(s.mul_f32s(a, b), c)
    }
}

/// The processors that code is compiled for and this machine is one of.
#[cfg(test)]
pub(super) fn archs() -> Vec<Arch> {
    let mut archs = vec![Arch::Scalar, Arch::new()];
    #[cfg(target_arch = "x86_64")]
    archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
    archs
}
