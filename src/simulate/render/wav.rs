//! Rendered calls as WAV files.

use super::{RATE, RenderSettings, Renderer, line};
use crate::error::{Error, ErrorKind, Result};
use crate::simulate::SimulatedCall;
use std::io::{Seek, Write};

/// Frames rendered at a time: half a second.
const BLOCK: usize = 4_000;

/// How a WAV file holds its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WavFormat {
    /// Sixteen-bit linear samples.
    Pcm16,
    /// G.711 µ-law, eight bits a sample (format tag 7).
    MuLaw,
}

/// Renders a call and writes it as a two-channel WAV file at 8,000 samples per second. The writer
/// should be buffered.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for settings out of range, [`ErrorKind::Io`] when writing fails.
pub fn write_wav<W: Write + Seek>(
    writer: W,
    call: &SimulatedCall,
    settings: &RenderSettings,
    format: WavFormat,
) -> Result<()> {
    let renderer = Renderer::new(call, settings)?;
    match format {
        WavFormat::Pcm16 => write_pcm(writer, renderer).map_err(|e| match e {
            hound::Error::IoError(error) => Error::io("WAV", &error),
            other => Error::new(
                ErrorKind::Internal,
                "WAV",
                other,
                "a file within its format",
            ),
        }),
        WavFormat::MuLaw => write_mu_law(writer, renderer).map_err(|e| Error::io("WAV", &e)),
    }
    .map_err(|e| e.of_call(&call.id))
}

/// Runs `each` over every sample of a call in 16-bit steps, left before right.
fn for_each_sample<E>(
    mut renderer: Renderer<'_>,
    mut each: impl FnMut(i16) -> Result<(), E>,
) -> Result<(), E> {
    let mut block = vec![[0.0; 2]; BLOCK];
    loop {
        let count = renderer.read(&mut block);
        for sample in block[..count].iter().flatten() {
            // Rendered samples are whole 16-bit steps: this is exact.
            each((sample * 32_768.0) as i16)?;
        }
        if count < BLOCK {
            return Ok(());
        }
    }
}

fn write_pcm<W: Write + Seek>(writer: W, renderer: Renderer<'_>) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::new(writer, spec)?;
    for_each_sample(renderer, |sample| wav.write_sample(sample))?;
    wav.finalize()
}

/// Writes µ-law, which `hound` does not: a `fmt ` chunk of 18 bytes and a `fact` chunk, as the
/// WAVE format asks of anything but PCM; 58 bytes in all before the samples.
fn write_mu_law<W: Write>(mut writer: W, renderer: Renderer<'_>) -> std::io::Result<()> {
    let frames = u32::try_from(renderer.frames()).map_err(std::io::Error::other)?;
    let samples = frames.checked_mul(2).filter(|n| *n < u32::MAX - 64);
    let samples = samples.ok_or_else(|| std::io::Error::other("a call longer than a WAV file"))?;
    writer.write_all(b"RIFF")?;
    writer.write_all(&(50 + samples).to_le_bytes())?;
    writer.write_all(b"WAVEfmt ")?;
    writer.write_all(&18u32.to_le_bytes())?;
    // Tag, channels; rate and bytes per second; bytes per frame, bits, no extension.
    writer.write_all(&[7, 0, 2, 0])?;
    writer.write_all(&RATE.to_le_bytes())?;
    writer.write_all(&(2 * RATE).to_le_bytes())?;
    writer.write_all(&[2, 0, 8, 0, 0, 0])?;
    writer.write_all(b"fact")?;
    writer.write_all(&4u32.to_le_bytes())?;
    writer.write_all(&frames.to_le_bytes())?;
    writer.write_all(b"data")?;
    writer.write_all(&samples.to_le_bytes())?;
    for_each_sample(renderer, |sample| writer.write_all(&[line::mu_law(sample)]))?;
    writer.flush()
}
