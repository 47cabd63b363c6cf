//! Text that is no UTF-8, as UTF-8.

use std::io::{Error, ErrorKind, Read, Result};

/// How the text of a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::batch) enum Encoding {
    Utf8,
    /// What Windows calls ANSI in Russia.
    Windows1251,
    /// With a mark of its byte order; without one little-endian, as Windows writes.
    Utf16,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub(super) const NAMES: [(&'static str, Encoding); 6] = [
        ("utf-8", Encoding::Utf8),
        ("windows-1251", Encoding::Windows1251),
        ("cp1251", Encoding::Windows1251),
        ("utf-16", Encoding::Utf16),
        ("utf-16le", Encoding::Utf16Le),
        ("utf-16be", Encoding::Utf16Be),
    ];
}

/// Windows-1251 from 0x80 to 0xBF, of Microsoft's table; 0x98 is no sign. From 0xC0 on come the
/// letters of Unicode from U+0410 on, in the same order.
const UPPER: [char; 64] = [
    'Ђ', 'Ѓ', '‚', 'ѓ', '„', '…', '†', '‡', '€', '‰', 'Љ', '‹', 'Њ', 'Ќ', 'Ћ', 'Џ', //
    'ђ', '‘', '’', '“', '”', '•', '–', '—', '\u{fffd}', '™', 'љ', '›', 'њ', 'ќ', 'ћ', 'џ', //
    '\u{a0}', 'Ў', 'ў', 'Ј', '¤', 'Ґ', '¦', '§', 'Ё', '©', 'Є', '«', '¬', '\u{ad}', '®',
    'Ї', //
    '°', '±', 'І', 'і', 'ґ', 'µ', '¶', '·', 'ё', '№', 'є', '»', 'ј', 'Ѕ', 'ѕ', 'ї',
];

fn windows_1251(byte: u8) -> Option<char> {
    let sign = match byte {
        0..0x80 => char::from(byte),
        0x80..0xC0 => UPPER[usize::from(byte - 0x80)],
        0xC0.. => char::from_u32(0x410 + u32::from(byte - 0xC0))?,
    };
    (sign != '\u{fffd}').then_some(sign)
}

/// Reads another encoding as UTF-8, block by block.
#[derive(Debug)]
pub(in crate::batch) struct Decoded<R> {
    inner: R,
    encoding: Encoding,
    /// Bytes read and not yet decoded: half of a sign, at most.
    rest: Vec<u8>,
    /// Signs decoded and not yet handed on, from `at` on.
    text: String,
    at: usize,
    started: bool,
}

impl<R: Read> Decoded<R> {
    pub(in crate::batch) fn new(inner: R, encoding: Encoding) -> Decoded<R> {
        Decoded {
            inner,
            encoding,
            rest: Vec::new(),
            text: String::new(),
            at: 0,
            started: false,
        }
    }

    /// Decodes the next block; returns whether there was one.
    fn decode(&mut self) -> Result<bool> {
        let before = self.rest.len();
        self.rest.resize(before + 8_192, 0);
        let count = self.inner.read(&mut self.rest[before..]);
        let count = count.inspect_err(|_| self.rest.truncate(before))?;
        self.rest.truncate(before + count);
        self.text.clear();
        self.at = 0;
        match self.encoding {
            Encoding::Utf8 | Encoding::Windows1251 => {
                for &byte in &self.rest {
                    self.text
                        .push(windows_1251(byte).ok_or_else(|| no_sign(format!("{byte:#04x}")))?);
                }
                self.rest.clear();
            }
            Encoding::Utf16 | Encoding::Utf16Le | Encoding::Utf16Be => self.utf16(count == 0)?,
        }
        Ok(count > 0)
    }

    fn utf16(&mut self, ended: bool) -> Result<()> {
        let mut from = 0;
        if !self.started && (self.rest.len() >= 2 || ended) {
            self.started = true;
            let marked = match self.rest.get(..2) {
                Some([0xFF, 0xFE]) => Some(Encoding::Utf16Le),
                Some([0xFE, 0xFF]) => Some(Encoding::Utf16Be),
                _ => None,
            };
            match (self.encoding, marked) {
                (Encoding::Utf16, found) => self.encoding = found.unwrap_or(Encoding::Utf16Le),
                (said, Some(found)) if said != found => {
                    return Err(no_sign("the mark of the other byte order".to_owned()));
                }
                _ => {}
            }
            from = if marked.is_some() { 2 } else { 0 };
        }
        let big = self.encoding == Encoding::Utf16Be;
        let pairs = self.rest.get(from..).unwrap_or_default();
        let mut units: Vec<u16> = (pairs.chunks_exact(2))
            .map(|pair| match big {
                true => u16::from_be_bytes([pair[0], pair[1]]),
                false => u16::from_le_bytes([pair[0], pair[1]]),
            })
            .collect();
        // The first half of a pair waits for the second.
        if !ended && units.last().is_some_and(|u| (0xD800..0xDC00).contains(u)) {
            units.pop();
        }
        let used = from + 2 * units.len();
        for sign in char::decode_utf16(units) {
            let sign = sign.map_err(|e| no_sign(format!("{:#06x}", e.unpaired_surrogate())))?;
            self.text.push(sign);
        }
        self.rest.drain(..used.min(self.rest.len()));
        if ended && !self.rest.is_empty() {
            return Err(no_sign("half of a sign at the end".to_owned()));
        }
        Ok(())
    }
}

fn no_sign(found: String) -> Error {
    Error::new(ErrorKind::InvalidData, found)
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.encoding == Encoding::Utf8 {
            return self.inner.read(buffer);
        }
        while self.at == self.text.len() {
            if buffer.is_empty() || (!self.decode()? && self.text.is_empty()) {
                return Ok(0);
            }
        }
        let ready = &self.text.as_bytes()[self.at..];
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands bytes over in pieces, so that signs are cut between them.
    struct Pieces<'a>(std::slice::Chunks<'a, u8>);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            let piece = self.0.next().unwrap_or_default();
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    fn decoded(bytes: &[u8], encoding: Encoding, piece: usize) -> Result<String> {
        let inner = Pieces(bytes.chunks(piece));
        let mut text = String::new();
        Decoded::new(inner, encoding).read_to_string(&mut text)?;
        Ok(text)
    }

    /// Python 3: `bytes(range(128, 256)).decode("cp1251", "replace")`.
    #[test]
    fn windows_1251_is_that_of_python() {
        let wanted = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{fffd}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕї\
            АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя";
        let found: String = (128..=255)
            .map(|byte| windows_1251(byte).unwrap_or('\u{fffd}'))
            .collect();
        assert_eq!(found, wanted);
        assert!((0..128).all(|byte| windows_1251(byte) == Some(char::from(byte))));
        let error = decoded(b"a\x98", Encoding::Windows1251, 1).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (ErrorKind::InvalidData, "0x98".to_owned())
        );
    }

    #[test]
    fn half_a_sign_and_the_wrong_order_are_errors() {
        for bytes in [
            &b"\xFF\xFEa"[..],
            b"a\0\x3d\xd8",
            b"\x00\xdc\0a",
            b"\x3d\xd8",
        ] {
            let error = decoded(bytes, Encoding::Utf16, 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
        }
        assert!(decoded(b"\xFF\xFEa\0", Encoding::Utf16Be, 9).is_err());
        assert_eq!(decoded(b"\xFF\xFEa\0", Encoding::Utf16Le, 9).unwrap(), "a");
        assert_eq!(decoded(b"", Encoding::Utf16, 9).unwrap(), "");
    }

    proptest! {
        #[test]
        fn utf_16_reads_back(text in "[^\u{feff}]*", piece in 1_usize..6, marked in any::<bool>()) {
            let units: Vec<u16> = marked.then_some(0xFEFF).into_iter().chain(text.encode_utf16()).collect();
            let little: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
            let big: Vec<u8> = units.iter().flat_map(|u| u.to_be_bytes()).collect();
            prop_assert_eq!(&decoded(&little, Encoding::Utf16Le, piece).unwrap(), &text);
            prop_assert_eq!(&decoded(&big, Encoding::Utf16Be, piece).unwrap(), &text);
            if marked {
                prop_assert_eq!(&decoded(&big, Encoding::Utf16, piece).unwrap(), &text);
                prop_assert_eq!(&decoded(&little, Encoding::Utf16, piece).unwrap(), &text);
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), piece in 1_usize..9) {
            for (_, encoding) in Encoding::NAMES {
                if encoding != Encoding::Utf8 {
                    let _ = decoded(&bytes, encoding, piece);
                }
            }
        }
    }
}
