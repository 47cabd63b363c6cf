//! Writes what was heard, so that other detectors can hear the very same.
//!
//! Of each recording: its samples as a mono WAV file of 32-bit floats, its labels as rows of start and
//! end, and our score of each frame, a line each. `scenes.csv` lists them with the range that is
//! judged. Times are in seconds, exact to the nanosecond.

use crate::common::Fallible;
use crate::scene::Scene;
use callcsi::timeline::{Time, Timeline};
use callcsi::vad::evaluate::Heard;
use std::fs;
use std::path::PathBuf;

/// A folder of scenes.
pub struct Folder {
    path: PathBuf,
    list: csv::Writer<fs::File>,
    count: usize,
}

impl Folder {
    /// Makes the folder, where there is none, and begins its list.
    pub fn create(path: PathBuf) -> Fallible<Folder> {
        fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut list = csv::Writer::from_path(path.join("scenes.csv"))?;
        list.write_record([
            "audio", "labels", "scores", "name", "group", "start_s", "end_s", "hop_s", "delay_s",
        ])?;
        Ok(Folder {
            path,
            list,
            count: 0,
        })
    }

    /// Adds a scene; several may have one name, so the files are numbered.
    pub fn add(
        &mut self,
        name: &str,
        group: &str,
        scene: &Scene,
        label: &Timeline,
        heard: &Heard,
    ) -> Fallible<()> {
        self.count += 1;
        let file = |ending: &str| format!("{:03}.{ending}", self.count);
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: scene.rate,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut wav = hound::WavWriter::create(self.path.join(file("wav")), spec)?;
        for sample in &scene.samples {
            wav.write_sample(*sample)?;
        }
        wav.finalize()?;
        let mut rows = String::from("start,end\n");
        for segment in label.segments() {
            rows += &format!("{},{}\n", exact(segment.start()), exact(segment.end()));
        }
        fs::write(self.path.join(file("csv")), rows)?;
        let scores: Vec<String> = heard.scores.iter().map(f32::to_string).collect();
        fs::write(self.path.join(file("scores")), scores.join("\n"))?;
        self.list.write_record([
            &file("wav"),
            &file("csv"),
            &file("scores"),
            name,
            group,
            &exact(scene.scored.start()),
            &exact(scene.scored.end()),
            &exact(Time::ZERO + heard.hop),
            &exact(Time::ZERO + heard.delay),
        ])?;
        Ok(self.list.flush()?)
    }
}

fn exact(time: Time) -> String {
    format!("{:.9}", time.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Scene;
    use callcsi::settings::AnalysisSettings;
    use callcsi::timeline::Segment;
    use callcsi::vad::detector;

    #[test]
    fn what_is_written_is_what_was_heard() {
        let path = std::env::temp_dir().join(format!("callcsi-scenes-{}", std::process::id()));
        let scene = Scene {
            samples: vec![0.25, -1.5, 1e-9],
            rate: 8_000,
            label: Segment::from_seconds(0.1, 0.2).into_iter().collect(),
            scored: Segment::from_seconds(0.0, 0.5).unwrap(),
        };
        let settings = AnalysisSettings::default();
        let vad = detector(settings.detector, 8_000).unwrap();
        let heard = Heard::of(vad, &settings, 8_000, &scene.samples).unwrap();
        let mut folder = Folder::create(path.clone()).unwrap();
        folder
            .add("имя, 1", "g", &scene, &scene.label, &heard)
            .unwrap();
        let wav = hound::WavReader::open(path.join("001.wav")).unwrap();
        let samples: Vec<f32> = wav.into_samples().map(Result::unwrap).collect();
        assert_eq!(samples, scene.samples);
        let labels = fs::read_to_string(path.join("001.csv")).unwrap();
        assert_eq!(labels, "start,end\n0.100000000,0.200000000\n");
        let list = fs::read_to_string(path.join("scenes.csv")).unwrap();
        assert!(
            list.contains("\"имя, 1\",g,0.000000000,0.500000000,"),
            "{list}"
        );
        fs::remove_dir_all(path).unwrap();
    }
}
