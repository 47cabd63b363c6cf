//! The telephone line: band, noise, companding.

use std::f64::consts::TAU;

/// A second-order filter section in transposed direct form II.
#[derive(Clone, Copy, Debug)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    z: [f64; 2],
}

impl Biquad {
    /// Makes a high-pass or low-pass section by the bilinear transform, as Bristow-Johnson's "Audio
    /// EQ cookbook" writes it.
    fn new(is_high_pass: bool, frequency: f64, q: f64, rate: f64) -> Biquad {
        let w = TAU * frequency / rate;
        let (cos, alpha) = (w.cos(), w.sin() / (2.0 * q));
        let (edge, middle) = match is_high_pass {
            true => ((1.0 + cos) / 2.0, -(1.0 + cos)),
            false => ((1.0 - cos) / 2.0, 1.0 - cos),
        };
        let a0 = 1.0 + alpha;
        Biquad {
            b: [edge / a0, middle / a0, edge / a0],
            a: [-2.0 * cos / a0, (1.0 - alpha) / a0],
            z: [0.0; 2],
        }
    }

    fn next(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.z[0];
        self.z[0] = self.b[1] * x - self.a[0] * y + self.z[1];
        self.z[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

/// The telephone band, 300 to 3,400 Hz: Butterworth edges of the fourth order.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Band([Biquad; 4]);

impl Band {
    pub(in crate::simulate) fn new(rate: f64) -> Band {
        // The two quality factors of a fourth-order Butterworth filter: 1 / (2 cos(π/8, 3π/8)).
        const Q: [f64; 2] = [0.541_196_1, 1.306_563];
        Band([
            Biquad::new(true, 300.0, Q[0], rate),
            Biquad::new(true, 300.0, Q[1], rate),
            Biquad::new(false, 3_400.0, Q[0], rate),
            Biquad::new(false, 3_400.0, Q[1], rate),
        ])
    }

    pub(in crate::simulate) fn next(&mut self, x: f64) -> f64 {
        self.0.iter_mut().fold(x, |x, section| section.next(x))
    }

    /// Returns the power that white noise of power 1 has behind the band: the energy of the impulse
    /// response.
    pub(super) fn noise_power(rate: f64) -> f64 {
        let mut band = Band::new(rate);
        let response = (0..4_000).map(|n| band.next(if n == 0 { 1.0 } else { 0.0 }));
        response.map(|h| h * h).sum()
    }
}

// The companding stands here as well as in the decoder of recordings: the two check each other.

/// The largest magnitude that µ-law codes, in 16-bit steps.
const MU_CLIP: i32 = 32_635;
/// What µ-law adds before it takes the logarithm: 33 steps of 14 bits.
const MU_BIAS: i32 = 0x84;

/// Encodes a 16-bit sample as µ-law (ITU-T G.711).
pub(super) fn mu_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(MU_CLIP) + MU_BIAS;
    // The segment is the place of the highest bit, from bit 7 up.
    let segment = 24 - magnitude.leading_zeros() as i32;
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment << 4) as u8 | step as u8)
}

/// Decodes µ-law (ITU-T G.711) to a 16-bit sample.
pub(super) fn from_mu_law(code: u8) -> i16 {
    let code = !code;
    let (segment, step) = (i32::from(code >> 4 & 7), i32::from(code & 0x0f));
    let magnitude = (((step << 3) + MU_BIAS) << segment) - MU_BIAS;
    if code & 0x80 == 0 {
        magnitude as i16
    } else {
        -magnitude as i16
    }
}

/// Encodes a 16-bit sample as A-law (ITU-T G.711).
pub(super) fn a_law(sample: i16) -> u8 {
    // Thirteen bits, the sign apart; negative values are counted from −1 down.
    let wide = i32::from(sample) >> 3;
    let (sign, magnitude) = if wide >= 0 {
        (0x80, wide)
    } else {
        (0, -wide - 1)
    };
    let segment = (27 - (magnitude | 0x1f).leading_zeros() as i32).max(0);
    let step = (magnitude >> segment.max(1)) & 0x0f;
    (sign | (segment << 4) as u8 | step as u8) ^ 0x55
}

/// Decodes A-law (ITU-T G.711) to a 16-bit sample.
pub(super) fn from_a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (segment, step) = (i32::from(code >> 4 & 7), i32::from(code & 0x0f));
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 {
        magnitude as i16
    } else {
        -magnitude as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companding_is_idempotent_and_has_the_ends_of_the_standard() {
        for code in 0..=255 {
            let (mu, a) = (from_mu_law(code), from_a_law(code));
            assert_eq!(from_mu_law(mu_law(mu)), mu, "µ-law {code:#x}");
            assert_eq!(a_law(a), code, "A-law {code:#x}");
        }
        // The largest values of G.711, at 16 bits.
        assert_eq!((from_mu_law(0x80), from_mu_law(0x00)), (32_124, -32_124));
        assert_eq!((from_a_law(0xaa), from_a_law(0x2a)), (32_256, -32_256));
        assert_eq!((from_mu_law(mu_law(0)), from_a_law(a_law(0))), (0, 8));
    }

    #[test]
    fn companding_errs_by_half_a_step_at_most() {
        for sample in i16::MIN..=i16::MAX {
            let exact = f64::from(sample);
            // The step is a sixteenth of the segment's size, itself at most the magnitude and the
            // bias; the ends clip.
            let mu = f64::from(from_mu_law(mu_law(sample)));
            let a = f64::from(from_a_law(a_law(sample)));
            assert!(
                (mu - exact).abs() <= (exact.abs() + 132.0) / 32.0 + 1.0 || exact.abs() > 32_000.0
            );
            assert!(
                (a - exact).abs() <= exact.abs() / 32.0 + 8.0 || exact.abs() > 32_000.0,
                "{sample} {a}"
            );
        }
    }

    #[test]
    fn band_passes_speech_and_stops_hum() {
        let gain = |frequency: f64| {
            let mut band = Band::new(8_000.0);
            let out =
                (0..8_000).map(|n| band.next((TAU * frequency * f64::from(n) / 8_000.0).sin()));
            let tail: Vec<f64> = out.skip(4_000).collect();
            10.0 * (2.0 * tail.iter().map(|y| y * y).sum::<f64>() / 4_000.0).log10()
        };
        assert!(gain(50.0) < -50.0);
        assert!(gain(1_000.0).abs() < 0.1);
        // The edges of a Butterworth filter are 3 dB down.
        assert!((gain(300.0) + 3.01).abs() < 0.1);
        assert!((gain(3_400.0) + 3.01).abs() < 0.1);
        // 3,100 of 4,000 Hz pass: 0.775 of the power, the edges aside.
        assert!((Band::noise_power(8_000.0) - 0.775).abs() < 0.03);
    }
}
