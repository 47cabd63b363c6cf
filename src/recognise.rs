//! Words from a speech recogniser that the user names: any command that reads a WAV file.
//!
//! This crate recognises no speech. A [`Recogniser`] runs a command for each call without a
//! transcript, once for the call or once for each side, and hands what it writes to the readers of
//! [`transcript`].
//!
//! # Conventions
//!
//! * The command is a line of the system's shell in which `{wav}` is the sound and `{json}` the file
//!   for the transcript, in any format that is read; without `{json}` its standard output is taken.
//!   `{side}` is `agent`, `customer` or `both`.
//! * The sound is 16-bit PCM at 16 kHz: one channel of one side, or two with the agent left.
//! * What a command wrote is kept in a folder under a name made of the call's id, the side and a
//!   fingerprint of sound and command; the same sound meets the same command once. What failed or
//!   is no transcript is not kept.
//! * A command that runs longer than its timeout is killed, with whatever it started.
//! * What it says on standard error may hold words of the call: it goes to a file in the folder, and
//!   nowhere else.

use crate::audio;
use crate::audio::resample::{OUTPUT_RATE, Resampler};
use crate::call::{AgentChannel, CallId, Input, Recording, Side, TranscriptSource};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Fnv1a;
use crate::transcript;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a command may run, unless told otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// How many characters of a call's id go into a file name.
const NAMED: usize = 60;

/// What a command is run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// Each side on its own: recognisers of one channel, which are most.
    #[default]
    Side,
    /// The whole call: recognisers that keep two channels apart.
    Call,
}

/// A command that turns sound into a transcript.
#[derive(Clone, Debug)]
pub struct Recogniser {
    command: String,
    per: Per,
    timeout: Duration,
    folder: PathBuf,
    format: Option<String>,
}

impl Recogniser {
    /// Makes a recogniser whose output is kept in `folder`, which is made if need be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when the command does not name `{wav}`.
    pub fn new(command: impl Into<String>, folder: impl Into<PathBuf>) -> Result<Recogniser> {
        let command = command.into();
        if !command.contains("{wav}") {
            let wanted = "{wav} where the sound's file goes, as in: recognise {wav} > {json}";
            let found = "a command without {wav}";
            return Err(Error::new(ErrorKind::Invalid, "asr_command", found, wanted));
        }
        Ok(Recogniser {
            command,
            per: Per::default(),
            timeout: DEFAULT_TIMEOUT,
            folder: folder.into(),
            format: None,
        })
    }

    /// Sets what the command is run on.
    pub fn per(mut self, per: Per) -> Recogniser {
        self.per = per;
        self
    }

    /// Sets how long one run may take.
    pub fn timeout(mut self, timeout: Duration) -> Recogniser {
        self.timeout = timeout;
        self
    }

    /// Sets the format of what the command writes, when it shall not be detected.
    pub fn format(mut self, format: transcript::Format) -> Recogniser {
        self.format = Some(format.name().to_owned());
        self
    }

    /// Returns the transcripts of a recording: kept ones, or those of the command run now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Command`] when the command cannot be started, fails, runs out of time or writes
    /// nothing; as [`transcript::read`] when what it writes is no transcript; as [`audio::open`] and
    /// [`ErrorKind::Io`] when the sound cannot be read or a file not written.
    pub fn transcripts(
        &self,
        call: &CallId,
        recording: &Recording,
    ) -> Result<Vec<TranscriptSource>> {
        std::fs::create_dir_all(&self.folder).map_err(|e| Error::io(self.folder.display(), &e))?;
        let parts: &[Option<Side>] = match self.per {
            Per::Side => &[Some(Side::Agent), Some(Side::Customer)],
            Per::Call => &[None],
        };
        let sounds = self.write_sounds(recording, parts)?;
        let mut sources = Vec::new();
        for (part, sound) in parts.iter().zip(&sounds) {
            let side = part.map_or("both", Side::name);
            let key = format!(
                "{}-{side}-{:016x}",
                file_name(call),
                self.fingerprint(sound, side)
            );
            let kept = self.folder.join(format!("{key}.transcript"));
            if !kept.is_file() {
                self.run(&sound.file.0, side, &kept, *part)?;
            }
            sources.push(self.source(&kept, *part));
        }
        Ok(sources)
    }

    fn source(&self, file: &Path, side: Option<Side>) -> TranscriptSource {
        let mut source = TranscriptSource::new(Input::Path(file.to_owned()));
        source.format.clone_from(&self.format);
        source.side = side;
        source.agent_channel = Some(AgentChannel::Left);
        source
    }

    fn fingerprint(&self, sound: &Sound, side: &str) -> u64 {
        let mut hash = Fnv1a::new();
        for part in [self.command.as_bytes(), &[0], side.as_bytes(), &[0]] {
            hash.write(part);
        }
        hash.write(&sound.fingerprint.to_le_bytes());
        hash.finish()
    }

    /// Decodes the recording once and writes the sound of each part.
    fn write_sounds(&self, recording: &Recording, parts: &[Option<Side>]) -> Result<Vec<Sound>> {
        let mut audio = audio::open(recording)?;
        let rate = audio.sample_rate();
        let mut writers = Vec::new();
        for part in parts {
            writers.push(SoundWriter::new(&self.folder, *part, rate)?);
        }
        while let Some(block) = audio.next_block()? {
            for writer in &mut writers {
                writer.push(block.agent, block.customer)?;
            }
        }
        writers.into_iter().map(SoundWriter::finish).collect()
    }

    /// Runs the command on one sound and keeps what it writes.
    fn run(&self, wav: &Path, side: &str, kept: &Path, part: Option<Side>) -> Result<()> {
        let written = Temporary::in_folder(&self.folder, "out");
        let log = kept.with_extension("log");
        let create = |path: &Path| File::create(path).map_err(|e| Error::io(path.display(), &e));
        let line = self
            .command
            .replace("{wav}", &quoted(wav))
            .replace("{json}", &quoted(&written.0))
            .replace("{side}", side);
        let out = match self.command.contains("{json}") {
            true => Stdio::null(),
            false => Stdio::from(create(&written.0)?),
        };
        let mut command = shell(&line);
        command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::from(create(&log)?));
        let fault = |found: String| {
            let wanted = "a transcript from the recogniser";
            let error = Error::new(ErrorKind::Command, "asr_command", found, wanted);
            error.hint(format!("what it said is in {}", log.display()))
        };
        let mut child = command
            .spawn()
            .map_err(|e| fault(format!("no start: {e}")))?;
        match wait(&mut child, self.timeout).map_err(|e| Error::io("asr_command", &e))? {
            Some(status) if status.success() => {}
            Some(status) => return Err(fault(status.to_string())),
            None => {
                let seconds = self.timeout.as_secs_f64();
                return Err(fault(format!(
                    "no end after {seconds} s, and it was killed"
                )));
            }
        }
        let length = std::fs::metadata(&written.0).map_or(0, |m| m.len());
        if length == 0 {
            return Err(fault("nothing written".to_owned()));
        }
        // Read here, so that what is no transcript is not kept.
        transcript::read(&[self.source(&written.0, part)], None)
            .map_err(|e| e.within("asr_command"))?;
        std::fs::rename(&written.0, kept).map_err(|e| Error::io(kept.display(), &e))?;
        // An empty log helps nobody.
        if std::fs::metadata(&log).is_ok_and(|m| m.len() == 0) {
            let _ = std::fs::remove_file(&log);
        }
        Ok(())
    }
}

/// Waits for the end of a command; `None` when the time ran out and it was killed.
fn wait(child: &mut Child, timeout: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            kill(child);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("sh");
    // A group of its own, so that what the shell started dies with it.
    command.arg("-c").arg(line).process_group(0);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").arg(line);
    command
}

fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}

/// Puts a path into a line of the shell. One without special characters stays bare, so that it
/// may also stand in quotes.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    // A backslash parts folders on Windows, and is eaten by the shell elsewhere.
    let bare = |c: char| c.is_alphanumeric() || "/._-:".contains(c) || cfg!(windows) && c == '\\';
    match cfg!(unix) {
        _ if text.chars().all(bare) => text,
        true => format!("'{}'", text.replace('\'', r"'\''")),
        false => format!("\"{text}\""),
    }
}

/// Makes a call's id fit for a file name; Cyrillic stays.
fn file_name(call: &CallId) -> String {
    let safe = |c: char| {
        if c.is_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    call.as_str().chars().take(NAMED).map(safe).collect()
}

/// A file of this process that goes when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn in_folder(folder: &Path, kind: &str) -> Temporary {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Temporary(folder.join(format!(".{}-{number}.{kind}", std::process::id())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The sound of one part, written.
struct Sound {
    file: Temporary,
    fingerprint: u64,
}

/// Writes the sound of one part.
struct SoundWriter {
    file: Temporary,
    wav: hound::WavWriter<BufWriter<File>>,
    channels: Vec<(Side, Resampler, Vec<f32>)>,
    hash: Fnv1a,
}

impl SoundWriter {
    fn new(folder: &Path, part: Option<Side>, rate: u32) -> Result<SoundWriter> {
        let file = Temporary::in_folder(folder, "wav");
        let sides = part.map_or(vec![Side::Agent, Side::Customer], |side| vec![side]);
        let spec = hound::WavSpec {
            channels: sides.len() as u16,
            sample_rate: OUTPUT_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let wav = hound::WavWriter::create(&file.0, spec).map_err(|e| cannot_write(&file.0, e))?;
        let channels = sides
            .into_iter()
            .map(|side| Ok((side, Resampler::new(rate)?, Vec::new())))
            .collect::<Result<_>>()?;
        Ok(SoundWriter {
            file,
            wav,
            channels,
            hash: Fnv1a::new(),
        })
    }

    fn push(&mut self, agent: &[f32], customer: &[f32]) -> Result<()> {
        for (side, resampler, out) in &mut self.channels {
            let samples = match side {
                Side::Agent => agent,
                Side::Customer => customer,
            };
            resampler.push(samples, out);
        }
        self.write()
    }

    /// Writes what both channels have.
    fn write(&mut self) -> Result<()> {
        let ready = self
            .channels
            .iter()
            .map(|(_, _, out)| out.len())
            .min()
            .unwrap_or(0);
        for i in 0..ready {
            for (_, _, out) in &self.channels {
                let sample = (out[i] * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
                self.hash.write(&sample.to_le_bytes());
                self.wav
                    .write_sample(sample)
                    .map_err(|e| cannot_write(&self.file.0, e))?;
            }
        }
        for (_, _, out) in &mut self.channels {
            out.drain(..ready);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Sound> {
        for (_, resampler, out) in &mut self.channels {
            resampler.finish(out);
        }
        self.write()?;
        self.wav
            .finalize()
            .map_err(|e| cannot_write(&self.file.0, e))?;
        Ok(Sound {
            file: self.file,
            fingerprint: self.hash.finish(),
        })
    }
}

fn cannot_write(path: &Path, error: hound::Error) -> Error {
    match error {
        hound::Error::IoError(error) => Error::io(path.display(), &error),
        // A call that is too long for a WAV file of 4 GiB is the one other reason.
        other => Error::new(
            ErrorKind::Unsupported,
            path.display(),
            other,
            "a shorter recording",
        ),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_path_reaches_the_command_as_it_is() {
        for name in [
            "plain-1.wav",
            "при вет.wav",
            r"a\b.wav",
            "it's.wav",
            "$(a) `b` \"c\".wav",
        ] {
            let line = format!("printf %s {}", quoted(Path::new(name)));
            let out = shell(&line).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&out.stdout), name);
        }
    }
}
