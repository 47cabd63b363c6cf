//! G.711: the companded 8-bit samples of the telephone network.
//!
//! Tables computed from the definition in ITU-T Recommendation G.711 (11/88), tables 1 and 2: a
//! sign, a segment of three bits and a position of four. The decoder output value is the middle of
//! its quantisation interval. Full scale is as in the usual 16-bit expansion: A-law's 13-bit values
//! (largest 4,032) over 4,096, µ-law's 14-bit values (largest 8,031) over 8,192.

/// The sample of each A-law octet.
pub(super) static A_LAW: [f32; 256] = table(true);

/// The sample of each µ-law octet.
pub(super) static MU_LAW: [f32; 256] = table(false);

const fn table(a_law: bool) -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = if a_law {
            a_law_value(octet as u8) as f32 / 4096.0
        } else {
            mu_law_value(octet as u8) as f32 / 8192.0
        };
        octet += 1;
    }
    table
}

/// Returns the 13-bit value, -4032..=4032, of an A-law octet.
const fn a_law_value(octet: u8) -> i32 {
    // On the line the even bits are inverted.
    let code = octet ^ 0x55;
    let position = (code & 0x0F) as i32;
    let segment = (code >> 4) & 0x07;
    // Segments 0 and 1 have intervals of 2 units, each further one twice as wide.
    let size = match segment {
        0 => 2 * position + 1,
        _ => (2 * position + 33) << (segment - 1),
    };
    // A set sign bit is positive.
    if code & 0x80 != 0 { size } else { -size }
}

/// Returns the 14-bit value, -8031..=8031, of a µ-law octet.
const fn mu_law_value(octet: u8) -> i32 {
    // On the line all bits are inverted.
    let code = !octet;
    let position = (code & 0x0F) as i32;
    let segment = (code >> 4) & 0x07;
    // 33 is the bias that makes the segments' bounds powers of two.
    let size = ((2 * position + 33) << segment) - 33;
    // A set sign bit (before inversion: clear) is negative.
    if code & 0x80 != 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decoder output values of the recommendation: table 1a (A-law), at both ends of each segment.
    #[test]
    fn a_law_is_as_the_standard_prints_it() {
        // The code words of table 1a are before the inversion of even bits.
        let printed: [(u8, i32); 10] = [
            (0b1000_0000, 1),
            (0b1000_1111, 31),
            (0b1001_0000, 33),
            (0b1010_0000, 66),
            (0b1011_0000, 132),
            (0b1100_0000, 264),
            (0b1101_0000, 528),
            (0b1110_0000, 1056),
            (0b1111_0000, 2112),
            (0b1111_1111, 4032),
        ];
        for (code, value) in printed {
            assert_eq!(a_law_value(code ^ 0x55), value, "{code:08b}");
            assert_eq!(a_law_value(code ^ 0x80 ^ 0x55), -value, "{code:08b}");
        }
    }

    /// Table 2a (µ-law), whose code words are as on the line.
    #[test]
    fn mu_law_is_as_the_standard_prints_it() {
        let printed: [(u8, i32); 10] = [
            (0b1111_1111, 0),
            (0b1111_1110, 2),
            (0b1110_1111, 33),
            (0b1101_1111, 99),
            (0b1100_1111, 231),
            (0b1011_1111, 495),
            (0b1010_1111, 1023),
            (0b1001_1111, 2079),
            (0b1000_1111, 4191),
            (0b1000_0000, 8031),
        ];
        for (code, value) in printed {
            assert_eq!(mu_law_value(code), value, "{code:08b}");
            assert_eq!(mu_law_value(code ^ 0x80), -value, "{code:08b}");
        }
    }

    /// Every octet, against the 16-bit samples that ffmpeg 5.1 expands to (`-f alaw -ar 8000` and
    /// `-f mulaw -ar 8000` of the bytes 0 to 255 into `s16le`): each 17th sample, and the sum of all
    /// weighted by 1, 2, … 256.
    #[test]
    fn tables_equal_the_usual_16_bit_expansion() {
        let to_16_bits = |table: &[f32; 256]| table.map(|x| (x * 32_768.0) as i64);
        let weighted = |samples: &[i64; 256]| (1..).zip(samples).map(|(n, x)| n * x).sum::<i64>();
        let sampled =
            |samples: &[i64; 256]| -> Vec<i64> { samples.iter().step_by(17).copied().collect() };
        let (a, mu) = (to_16_bits(&A_LAW), to_16_bits(&MU_LAW));
        assert_eq!(
            sampled(&a),
            [
                -5504, -2624, -24064, -11520, -280, -8, -1248, -592, 7552, 3648, 32256, 15616, 408,
                136, 1760, 848
            ]
        );
        assert_eq!(weighted(&a), 100139008);
        assert_eq!(
            sampled(&mu),
            [
                -32124, -15484, -7420, -3516, -1628, -716, -276, -64, 23932, 11388, 5372, 2492,
                1116, 460, 148, 0
            ]
        );
        assert_eq!(weighted(&mu), 98107392);
    }
}
