//! How bytes stand in a vCon: gzip around it, base64url within it, SHA-512 of what lies beside it.

use crate::error::{Error, ErrorKind, Result};
use crate::files::read_whole;
use sha2::{Digest, Sha512};
use std::io::Read;
use std::path::Path;

/// The largest vCon read, in bytes, unpacked as well: an hour of 16-bit stereo at 8 kHz is 154 MB in
/// base64. It keeps a small file that unpacks to terabytes from filling the memory.
const MAX_BYTES: u64 = 256 << 20;

/// How gzip begins (RFC 1952).
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Returns whether the bytes are gzip.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP)
}

/// Reads the text of a vCon in a file; see [`text_of`].
pub(crate) fn read_text(path: &Path) -> Result<(String, bool)> {
    let bytes = read_whole(path, MAX_BYTES)?;
    let packed = is_packed(&bytes);
    let text = text_of(bytes).map_err(|e| e.within(path.display()))?;
    Ok((text, packed))
}

/// Returns the text of a vCon: unpacked, without a byte-order mark.
pub(super) fn text_of(bytes: Vec<u8>) -> Result<String> {
    let bytes = match is_packed(&bytes) {
        true => unpack(&bytes)?,
        false => bytes,
    };
    let mut text = String::from_utf8(bytes).map_err(|e| {
        let found = format!("no UTF-8 at byte {}", e.utf8_error().valid_up_to());
        Error::new(ErrorKind::IllFormed, "", found, "a vCon: JSON in UTF-8")
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let decoder = flate2::bufread::MultiGzDecoder::new(packed);
    let read = decoder.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|_| {
        let found = "gzip that is damaged or cut short";
        Error::new(ErrorKind::IllFormed, "", found, "a whole gzip file")
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        let found = format!("{} bytes that unpack to more", packed.len());
        let wanted = format!("at most {MAX_BYTES} bytes");
        return Err(Error::new(ErrorKind::Unsupported, "", found, wanted));
    }
    Ok(bytes)
}

/// Decodes base64url (RFC 4648, section 5), and the standard alphabet as well, with or without padding
/// and line breaks; `None` for any other text.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count, mut digits, mut padding) = (0u32, 0u32, 0usize, 0usize);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace()) {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        digits += 1;
        // No more than 14 bits are kept, so none is shifted out.
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    let whole = digits % 4 != 1 && padding <= 2 && (padding == 0 || (digits + padding) % 4 == 0);
    // What is left of the last digit is zero, unless the text was cut.
    (whole && bits == 0).then_some(bytes)
}

/// Returns the SHA-512 of bytes (FIPS 180-4).
pub(crate) fn sha512(bytes: &[u8]) -> [u8; 64] {
    Sha512::digest(bytes).into()
}

/// Returns the SHA-512 of a file, read in pieces.
fn sha512_of_file(path: &Path) -> Result<[u8; 64]> {
    let io = |e: std::io::Error| Error::io(path.display(), &e);
    let mut file = std::fs::File::open(path).map_err(io)?;
    let mut digest = Sha512::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(digest.finalize().into()),
            Ok(n) => digest.update(&piece[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(io(e)),
        }
    }
}

/// Returns lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |d: u8| char::from_digit(u32::from(d), 16).unwrap_or('0');
    let pairs = bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]);
    pairs.collect()
}

/// What a vCon says of the bytes of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentHash {
    /// The SHA-512 values that it may have.
    pub(super) sha512: Vec<[u8; 64]>,
    /// Hashes that could not be used: of another algorithm, or ill-formed.
    pub(super) unusable: usize,
}

impl ContentHash {
    /// Adds `sha512-…`.
    pub(super) fn add(&mut self, text: &str) {
        match text.trim().split_once('-') {
            Some((algorithm, value)) => self.add_value(algorithm, value),
            None => self.unusable += 1,
        }
    }

    /// Adds a value in base64url, or in hexadecimal digits as old files have it.
    pub(super) fn add_value(&mut self, algorithm: &str, value: &str) {
        let algorithm = algorithm.replace(['-', '_'], "").to_lowercase();
        let value = value.trim();
        let bytes = match value.len() {
            128 => of_hex(value),
            _ => base64(value),
        };
        match bytes.and_then(|bytes| bytes.try_into().ok()) {
            Some(value) if algorithm == "sha512" => self.sha512.push(value),
            _ => self.unusable += 1,
        }
    }

    /// Refuses bytes of another hash.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<()> {
        match self.sha512.is_empty() {
            true => Ok(()),
            false => self.compare(sha512(bytes)),
        }
    }

    /// Refuses a file of another hash.
    pub(super) fn check_file(&self, path: &Path) -> Result<()> {
        match self.sha512.is_empty() {
            true => Ok(()),
            false => self.compare(sha512_of_file(path)?),
        }
    }

    fn compare(&self, found: [u8; 64]) -> Result<()> {
        // The draft: of several hashes each is one of the same bytes, so one that fits is enough.
        if self.sha512.contains(&found) {
            return Ok(());
        }
        let short = |hash: &[u8; 64]| format!("SHA-512 {}…", hex(&hash[..6]));
        let wanted = self.sha512.first().map(short).unwrap_or_default();
        let error = Error::new(ErrorKind::Mismatch, "content_hash", short(&found), wanted);
        Err(error.hint("was the recording converted or replaced after the vCon was made?"))
    }
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let pairs = digits?;
    let pairs = pairs
        .chunks_exact(2)
        .map(|pair| (pair[0] << 4 | pair[1]) as u8);
    Some(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    #[test]
    fn base64_is_read_in_both_alphabets() {
        // RFC 4648, section 10.
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(base64(text).unwrap(), bytes.as_bytes(), "{text}");
            assert_eq!(
                base64(text.trim_end_matches('=')).unwrap(),
                bytes.as_bytes()
            );
        }
        assert_eq!(base64("-_-_").unwrap(), base64("+/+/").unwrap());
        assert_eq!(base64("Zm9v\r\nYmFy").unwrap(), b"foobar");
        for wrong in ["Z", "Zg=", "Zg===", "=", "Zg==Zg==", "Zm9v!", "Zh", "Zmя"] {
            assert_eq!(base64(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn base64_of_bytes_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            // The plain definition: the bits in sixes.
            const DIGITS: &[u8; 64] =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let bits: String = bytes.iter().map(|b| format!("{b:08b}")).collect();
            let bits: Vec<char> = bits.chars().collect();
            let digit = |six: &[char]| {
                let text: String = six.iter().copied().chain("000000".chars()).take(6).collect();
                DIGITS[usize::from_str_radix(&text, 2).unwrap()] as char
            };
            let text: String = bits.chunks(6).map(digit).collect();
            prop_assert_eq!(base64(&text), Some(bytes));
        }

        #[test]
        fn any_text_is_decoded_or_refused(text in "[A-Za-z0-9+/=_\\-\n]{0,20}") {
            let _ = base64(&text);
        }
    }

    #[test]
    fn hashes_are_read_in_every_spelling() {
        // FIPS 180-4, the example "abc".
        const ABC: &str = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                           2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        assert_eq!(hex(&sha512(b"abc")), ABC);
        let mut hash = ContentHash::default();
        hash.add_value("SHA-512", ABC);
        // python3 -c 'import base64, hashlib as h; print(base64.urlsafe_b64encode(h.sha512(b"abc").digest()))'
        let url = "3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05ohkpkqJ0_BqDa6PCOj_uu9RU1EI2Q86A4qmslPpUyknw";
        hash.add(&format!("sha512-{url}"));
        assert_eq!(hash.sha512, [sha512(b"abc"); 2]);
        assert!(hash.check(b"abc").is_ok());
        assert_eq!(hash.check(b"abd").unwrap_err().kind(), ErrorKind::Mismatch);
        hash.add("sha512-AAAA");
        hash.add("sha256-AAAA");
        hash.add("ü");
        assert_eq!(hash.unusable, 3);
        assert!(ContentHash::default().check(b"abd").is_ok());
    }

    #[test]
    fn gzip_is_unpacked_and_what_is_cut_short_refused() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all("{\"a\": \"я\"}".as_bytes()).unwrap();
        let packed = packer.finish().unwrap();
        assert_eq!(text_of(packed.clone()).unwrap(), "{\"a\": \"я\"}");
        let cut = packed[..packed.len() - 3].to_vec();
        assert_eq!(text_of(cut).unwrap_err().kind(), ErrorKind::IllFormed);
        assert_eq!(text_of(b"\xEF\xBB\xBF{}".to_vec()).unwrap(), "{}");
        assert_eq!(
            text_of(vec![0xFF]).unwrap_err().kind(),
            ErrorKind::IllFormed
        );
    }

    #[test]
    fn a_bomb_is_refused() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let blanks = vec![b' '; 1 << 20];
        for _ in 0..=(MAX_BYTES >> 20) {
            packer.write_all(&blanks).unwrap();
        }
        let error = text_of(packer.finish().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
}
