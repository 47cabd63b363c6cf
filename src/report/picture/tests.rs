use super::before::Stay;
use super::kinds::{Interval, Kind};
use super::scene::{Lane, Scene};
use super::*;
use crate::call::{AgentChannel, Input, Metadata, Recording, Side, Sides};
use crate::score::Extractor;
use proptest::prelude::*;

/// Returns the names of the elements, each of which must be closed, and every `&` a reference.
fn elements(xml: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let mut parts = xml.split('<');
    assert_eq!(parts.next(), Some(""));
    for part in parts {
        let (tag, text) = part.split_once('>').unwrap();
        for reference in part.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;"];
            assert!(known.iter().any(|k| reference.starts_with(k)), "{part}");
        }
        assert!(!text.contains('>'), "{part}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{part}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let name = tag.split(' ').next().unwrap().to_owned();
        if !tag.ends_with('/') {
            open.push(name.clone());
        }
        all.push(name);
    }
    assert!(open.is_empty());
    all
}

/// What SVG, and nothing else, has to be made of.
fn well_formed(svg: &str) {
    let known = ["svg", "title", "style", "rect", "path", "text", "g"];
    for name in elements(svg) {
        assert!(known.contains(&&*name), "{name}");
    }
    let numbers = svg.split("</style>").last().unwrap();
    assert!(!numbers.contains("NaN") && !numbers.contains("inf"));
}

const EVIL: &str = "<script>alert(1)</script>\u{1}\u{202e}\" onload=\"x";

/// A call of 90 s in which there is everything, with names that are none.
fn scene() -> Scene {
    let segment = |start, end| Segment::from_seconds(start, end).unwrap();
    let of = |kinds: &[Kind]| -> Vec<Interval> {
        let interval = |(i, kind): (usize, &Kind)| Interval {
            segment: segment(1.0 + i as f64, 62.0 + i as f64),
            label: "<&\" Ёж\u{1}".to_owned(),
            kind: *kind,
        };
        kinds.iter().enumerate().map(interval).collect()
    };
    let lane = |kinds: &[Kind]| Lane {
        levels: vec![-20.0, f32::NEG_INFINITY, 3.0],
        intervals: of(kinds),
    };
    let agent = [
        Kind::Speech,
        Kind::Unsaid,
        Kind::Utterance,
        Kind::Interruption,
        Kind::Opening,
    ];
    let customer = [
        Kind::Bleed,
        Kind::Backchannel,
        Kind::Hold,
        Kind::Line,
        Kind::Closing,
    ];
    Scene {
        title: "звонок <1> & \"2\".wav".to_owned(),
        subtitle: "a < b".to_owned(),
        lang: Lang::En,
        before: before::stays(&waits(), Lang::En),
        whole: segment(0.0, 90.0),
        row: Span::from_millis(60_000),
        column: Span::from_millis(25),
        lanes: Sides {
            agent: lane(&agent),
            customer: lane(&customer),
        },
        between: of(&[Kind::Silence, Kind::Episode, Kind::Overlap]),
    }
}

/// 34 s in the IVR, 95 s in the queue.
fn waits() -> Metadata {
    let steps = r#"[{"node": "menu", "outcome": "ok", "t_s": 0},
        {"node": "<b>", "outcome": "no_match", "t_s": 17}, {"node": "untimed"}]"#;
    let ivr = format!(r#"{{"duration_s": 34, "steps": {steps}}}"#);
    Metadata::from_json(&format!(r#"{{"ivr": {ivr}, "queue": {{"wait_s": 95}}}}"#)).unwrap()
}

/// A transcript of utterances, each of a side, from and to seconds.
fn transcript(utterances: &[(Side, f64, f64)]) -> Input {
    let utterances = utterances.iter().map(|(side, start, end)| {
        let word = serde_json::json!({"text": "тайна", "start_s": start, "end_s": end});
        serde_json::json!({"side": side.name(), "start_s": start, "end_s": end, "words": [word]})
    });
    let utterances: Vec<_> = utterances.collect();
    let text = serde_json::json!({
        "format": "callcsi-transcript", "version": 1, "utterances": utterances,
    });
    Input::Bytes {
        name: "t.json".to_owned(),
        bytes: text.to_string().into_bytes().into(),
    }
}

fn told(id: &str, utterances: &[(Side, f64, f64)]) -> Call {
    Call::new(id).transcript(transcript(utterances))
}

/// Two utterances of 2 s that overlap by one, then silence to 20 s.
fn short() -> Call {
    let said = [
        (Side::Agent, 0.0, 2.0),
        (Side::Customer, 1.0, 3.0),
        (Side::Agent, 19.0, 20.0),
    ];
    told("short", &said)
}

/// 16-bit stereo at 8 kHz.
fn wav(frames: impl Iterator<Item = [i16; 2]>) -> Input {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in frames.flatten() {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    Input::Bytes {
        name: "a.wav".to_owned(),
        bytes: bytes.into_inner().into(),
    }
}

fn drawn(call: &Call, lang: Lang, options: &PictureOptions) -> Result<CallPicture> {
    let settings = AnalysisSettings::default();
    let measured = Extractor::new(settings.clone())?.extract(call)?;
    CallPicture::of(call, &measured, &settings, lang, options)
}

fn full(scene: Scene) -> CallPicture {
    let form = Form::Full;
    CallPicture { form, scene }
}

#[test]
fn a_picture_is_well_formed_and_its_names_are_escaped() {
    let svg = full(scene()).svg_document();
    well_formed(&svg);
    // A level for each side in each row of a call that takes two, of whose levels the second has none.
    assert_eq!(svg.matches("class=\"level\"").count(), 2);
    assert!(svg.contains("звонок &lt;1&gt; &amp; &quot;2&quot;.wav"));
    assert!(svg.contains("&lt;&amp;&quot; Ёж\u{fffd}"));
    assert!(svg.contains("&lt;b&gt;: not understood"));
}

#[test]
fn every_kind_is_drawn_and_in_the_legend_in_both_languages() {
    for lang in Lang::ALL {
        let scene = Scene { lang, ..scene() };
        let svg = full(scene).svg_document();
        for kind in Kind::ALL {
            let (class, _) = kind.look();
            assert!(svg.contains(&format!("class=\"{class}\"")), "{class}");
            let title = kind.title(lang);
            assert!(svg.contains(&format!(">{title}</text>")), "{title}");
        }
    }
}

#[test]
fn lines_that_hold_nothing_take_no_room() {
    let height = |change: &dyn Fn(&mut Scene)| {
        let mut scene = scene();
        change(&mut scene);
        full::sheet(&scene, false).height
    };
    let all = height(&|_| {});
    // Two rows of two lanes: the strip of 16 pixels goes, the line of 7, the phases of 8.
    let no_strip = height(&|s| {
        let gone = [Kind::Hold, Kind::Line];
        s.lanes
            .customer
            .intervals
            .retain(|i| !gone.contains(&i.kind));
    });
    assert_eq!(all - no_strip, 4.0 * 16.0);
    let bare = height(&|s| s.lanes = Sides::default());
    let legend = 19.0;
    assert!((all - bare - 4.0 * (16.0 + 7.0 + 8.0)).abs() <= legend);
    // The row before the call: 24 of the boxes, 13 of the names, 34 of the axis and the gap.
    let no_wait = height(&|s| s.before.clear());
    assert!((all - no_wait - 71.0).abs() <= legend);
}

#[test]
fn times_are_minutes_and_seconds() {
    assert_eq!(clock(0.0, false, Lang::En), "0:00");
    assert_eq!(clock(125.5, true, Lang::En), "2:05.5");
    assert_eq!(clock(125.5, true, Lang::Ru), "2:05,5");
    assert_eq!(clock(59.96, true, Lang::En), "1:00.0");
    assert_eq!(clock(-95.0, false, Lang::En), "−1:35");
    assert_eq!(clock(59.6, false, Lang::En), "1:00");
    assert_eq!(clock(3_725.0, false, Lang::En), "1:02:05");
}

fn queue(seconds: f64) -> Stay {
    let json = format!(r#"{{"queue": {{"wait_s": {seconds}}}}}"#);
    let metadata = Metadata::from_json(&json).unwrap();
    before::stays(&metadata, Lang::En).remove(0)
}

#[test]
fn waits_share_the_room_by_their_roots() {
    // 10 s and 20 s at 2 pixels a second take 60 of 100.
    let found = before::widths(&[queue(10.0), queue(20.0)], 2.0, 100.0);
    assert_eq!(found, [(20.0, false), (40.0, false)]);
    // 25 s and 100 s would take 1250 of 400. Each has 44, the other 312 are shared 1 : 2.
    let found = before::widths(&[queue(25.0), queue(100.0)], 10.0, 400.0);
    let near = |found: f64, wanted: f64| (found - wanted).abs() < 1e-9;
    assert!(
        near(found[0].0, 148.0) && near(found[1].0, 252.0),
        "{found:?}"
    );
    assert!(found[0].1 && found[1].1);
    // 4 s need no more than their share; the queue has what they leave.
    let found = before::widths(&[queue(4.0), queue(1_000.0)], 10.0, 400.0);
    assert_eq!(found, [(40.0, false), (360.0, true)]);
}

#[test]
fn what_was_before_stands_left_of_the_beginning() {
    let call = short().metadata(waits());
    let options = PictureOptions::default();
    let svg = drawn(&call, Lang::En, &options).unwrap().svg_document();
    // 34 + 95 s before 0:00 the IVR begins, at the left end of the row, and 95 s before it the queue.
    for text in ["−2:09", "−1:35", "IVR 34 s", "queue 1 min 35 s", "menu"] {
        assert!(svg.contains(&format!(">{text}</text>")), "{text}");
    }
    // Both are longer than 20 s of row have room for.
    assert_eq!(svg.matches("class=\"cut\"").count(), 2);
    // Two steps have times, and so ticks; the third is told with the others.
    assert_eq!(svg.matches("class=\"step\"").count(), 2);
    assert!(svg.contains("menu → &lt;b&gt;: not understood → untimed"));
    let part = PictureOptions {
        from: Time::from_seconds(1.0),
        ..PictureOptions::default()
    };
    let svg = drawn(&call, Lang::En, &part).unwrap().svg_document();
    assert!(!svg.contains("class=\"ivr\"") && svg.contains("drawn from 0:01.0 to 0:20.0"));
}

#[test]
fn short_waits_are_drawn_to_scale() {
    let facts = r#"{"ivr": {"duration_s": 2}, "queue": {"wait_s": 3}}"#;
    let call = short().metadata(Metadata::from_json(facts).unwrap());
    let options = PictureOptions::default();
    let svg = drawn(&call, Lang::En, &options).unwrap().svg_document();
    // 20 s are 1200 pixels: 2 s are 120, 3 s 180, up to 0:00 at 1284.
    assert!(svg.contains("class=\"ivr\" x=\"984.0\""), "{svg}");
    assert!(svg.contains("class=\"queue\" x=\"1104.0\""));
    assert!(svg.contains("width=\"180.0\" height=\"24.0\"") && !svg.contains("class=\"cut\""));
    // In one row all 25 s are 420 pixels from 16 on: 2 s are 33.6, 3 s 50.4, and 0:00 is at 100.
    let compact = drawn(&call, Lang::En, &PictureOptions::compact()).unwrap();
    let svg = compact.svg_inline();
    assert!(svg.contains("class=\"ivr\" x=\"16.0\"") && svg.contains("class=\"queue\" x=\"49.6\""));
    assert!(
        svg.contains("x=\"100.0\" y=\"75.0\" text-anchor=\"middle\">0:00<"),
        "{svg}"
    );
}

#[test]
fn a_call_without_a_recording_is_drawn_without_levels() {
    for options in [PictureOptions::default(), PictureOptions::compact()] {
        let picture = drawn(&short(), Lang::Ru, &options).unwrap();
        let svg = picture.svg_document();
        well_formed(&svg);
        assert!(!svg.contains("class=\"level\"") && !svg.contains("дБ"));
        assert!(svg.contains("speech") && svg.contains("silence") && svg.contains("overlap"));
        // No word of the call.
        assert!(!svg.contains("тайна"));
    }
    let svg = drawn(&short(), Lang::Ru, &PictureOptions::default())
        .unwrap()
        .svg_inline();
    assert!(svg.contains(">оператор</text>") && svg.contains(">16,0 с</text>"));
    assert!(svg.contains("1 слово, 1,00–3,00 с"));
}

#[test]
fn a_call_of_which_nothing_was_said_when_is_an_error() {
    let facts = Call::new("facts").metadata(waits());
    let error = drawn(&facts, Lang::En, &PictureOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.found(), "neither a recording nor a transcript");
    assert_eq!(error.call(), Some(&facts.id));
    let empty = Call::new("empty").stereo(wav(std::iter::empty()), AgentChannel::Left);
    assert!(drawn(&empty, Lang::En, &PictureOptions::default()).is_err());
    let settings = AnalysisSettings::default();
    let extractor = Extractor::new(settings.clone()).unwrap();
    let other = extractor.extract(&short()).unwrap();
    let error = CallPicture::of(
        &facts,
        &other,
        &settings,
        Lang::En,
        &PictureOptions::default(),
    );
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Mismatch);
}

#[test]
fn parts_and_rows_that_cannot_be_are_errors() {
    let refused = |from: Option<f64>, to: Option<f64>, row: Option<f64>| {
        let options = PictureOptions {
            from: from.and_then(Time::from_seconds),
            to: to.and_then(Time::from_seconds),
            row: row.and_then(Span::from_seconds),
            ..PictureOptions::default()
        };
        drawn(&short(), Lang::En, &options)
            .map_err(|e| e.kind())
            .err()
    };
    assert_eq!(refused(Some(5.0), Some(9.0), Some(2.0)), None);
    assert_eq!(refused(Some(20.0), None, None), Some(ErrorKind::Invalid));
    assert_eq!(
        refused(Some(9.0), Some(5.0), None),
        Some(ErrorKind::Invalid)
    );
    assert_eq!(refused(None, None, Some(0.5)), Some(ErrorKind::Invalid));
    assert_eq!(refused(None, None, Some(3_601.0)), Some(ErrorKind::Invalid));
}

#[test]
fn rows_are_minutes_and_few() {
    let of = |seconds: f64| {
        let whole = Segment::from_seconds(0.0, seconds).unwrap();
        row(whole, None).unwrap().seconds()
    };
    // A row of its own length up to 75 s; 30 rows of a minute, of two, of ten.
    assert_eq!(of(35.5), 35.5);
    assert_eq!(of(74.0), 74.0);
    assert_eq!(of(76.0), 60.0);
    assert_eq!(of(1_700.0), 60.0);
    assert_eq!(of(1_900.0), 120.0);
    assert_eq!(of(3.0 * 3_600.0), 600.0);
    for hours in [10.0, 40.0, 1_000.0, 100_000.0] {
        assert!(
            hours * 3_600.0 / of(hours * 3_600.0) <= ROWS_MAX as f64,
            "{hours}"
        );
    }
}

#[test]
fn what_comes_from_data_is_text_in_every_form() {
    let mut facts = waits();
    for step in facts
        .ivr
        .iter_mut()
        .flat_map(|ivr| &mut ivr.steps)
        .flatten()
    {
        step.node = EVIL.to_owned();
    }
    let said = [(Side::Agent, 0.0, 2.0), (Side::Customer, 1.0, 3.0)];
    let call = told(EVIL, &said).metadata(facts);
    for options in [PictureOptions::default(), PictureOptions::compact()] {
        let picture = drawn(&call, Lang::En, &options).unwrap();
        for svg in [picture.svg_document(), picture.svg_inline()] {
            well_formed(&svg);
            assert!(svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
            assert!(!svg.contains("<script") && !svg.contains("onload=\""));
            assert!(!svg.contains(['\u{1}', '\u{202e}']));
        }
    }
}

#[test]
fn a_page_has_the_style_and_a_file_has_its_own() {
    let picture = full(scene());
    let (file, inline) = (picture.svg_document(), picture.svg_inline());
    assert!(inline.contains("role=\"img\">\n<title>") && !inline.contains("<style"));
    assert!(!inline.contains("width=\"1310\"") && inline.contains("viewBox=\"0 0 1310 "));
    assert!(!inline.contains("#") && !file.contains("var("));
    // Every colour was set: what is left of the marks in the rules is the media query.
    for style in [style::alone(), STYLE.clone()] {
        let marks: Vec<&str> = style.split('@').skip(1).collect();
        assert!(
            marks.iter().all(|mark| mark.starts_with("media")),
            "{style}"
        );
    }
    assert!(STYLE.contains("--picture-ink:#e2e8f0"));
}

#[test]
fn the_compact_form_stays_small_whatever_the_call() {
    // Somebody speaks in every second pixel of every kind, and the level jumps in each.
    let hours = Segment::from_seconds(0.0, 10_800.0).unwrap();
    let pixel = 10_800.0 / 420.0;
    let bars = |kind: Kind| {
        let bar = move |i: u32| Interval {
            segment: Segment::from_seconds(f64::from(2 * i) * pixel, f64::from(2 * i + 1) * pixel)
                .unwrap(),
            label: "a label that is long".to_owned(),
            kind,
        };
        (0..210).map(bar)
    };
    let lane = || Lane {
        levels: (0..350)
            .map(|i| -66.0 + 60.0 * f32::from(i % 2 == 0) + i as f32 / 70.0)
            .collect(),
        intervals: bars(Kind::Speech).chain(bars(Kind::Hold)).collect(),
    };
    let kinds = [Kind::Silence, Kind::Episode, Kind::Overlap];
    let scene = Scene {
        whole: hours,
        row: hours.duration(),
        column: compact::column(hours.duration()),
        lanes: Sides::from_fn(|_| lane()),
        between: kinds.into_iter().flat_map(bars).collect(),
        before: Vec::new(),
        ..scene()
    };
    let form = Form::Compact;
    let svg = CallPicture { form, scene }.svg_inline();
    well_formed(&svg);
    assert!(svg.len() < 12_000, "{}", svg.len());
}

/// The plain twin: the time of every sample.
fn levels_by_sample(samples: &[i16], rate: u32, whole: Segment, column: Span) -> Vec<f64> {
    let count = (whole.duration().nanos() as u64).div_ceil(column.nanos() as u64);
    let of = |at: u64| {
        let inside = samples.iter().enumerate().filter(|(i, _)| {
            let after = (Time::of_sample(*i as u64, rate) - whole.start()).nanos();
            after >= 0 && after as u64 / column.nanos() as u64 == at
        });
        let squares: Vec<f64> = inside
            .map(|(_, s)| (f64::from(*s) / 32_768.0).powi(2))
            .collect();
        10.0 * (squares.iter().sum::<f64>() / squares.len().max(1) as f64).log10()
    };
    (0..count).map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn levels_are_those_counted_sample_by_sample(
        samples in prop::collection::vec(any::<i16>(), 1..3_000),
        from_us in 0..200_000_i64,
        length_us in 1..400_000_i64,
        column_us in 300..90_000_i64,
    ) {
        let (from, length) = (Time::from_nanos(from_us * 1_000), Span::from_nanos(length_us * 1_000));
        let whole = Segment::new(from, from + length).unwrap();
        let column = Span::from_nanos(column_us * 1_000);
        let input = wav(samples.iter().map(|s| [*s, s.wrapping_neg()]));
        let recording = Recording::Stereo { input, agent_channel: AgentChannel::Left };
        let found = levels::levels(&recording, whole, column).unwrap().agent;
        let wanted = levels_by_sample(&samples, 8_000, whole, column);
        prop_assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            let near = (f64::from(*found) - wanted).abs() < 1e-3;
            prop_assert!(near || f64::from(*found) == wanted, "{found}, wanted {wanted}");
        }
    }

    #[test]
    fn waits_take_no_more_than_the_room_and_their_scale(
        lengths in prop::collection::vec(0.001..100_000.0_f64, 1..3),
        per_second in 0.001..100.0_f64,
        room in 10.0..2_000.0_f64,
    ) {
        let stays: Vec<Stay> = lengths.iter().map(|length| queue(*length)).collect();
        let found = before::widths(&stays, per_second, room);
        prop_assert!(found.iter().map(|(width, _)| width).sum::<f64>() <= room * (1.0 + 1e-9));
        for ((width, broken), length) in found.iter().zip(&lengths) {
            prop_assert!(*width <= length * per_second * (1.0 + 1e-6) && *width > 0.0);
            prop_assert_eq!(*broken, *width < length * per_second * (1.0 - 1e-6));
        }
    }

    #[test]
    fn any_call_is_drawn(
        said in prop::collection::vec((any::<bool>(), 0.0..1.0_f64, 0.0..0.2_f64), 1..40),
        scale in prop::sample::select(vec![0.001, 0.5, 30.0, 600.0, 10_800.0, 400_000.0]),
        ivr in prop::option::of(0.0..100_000.0_f64),
        wait in prop::option::of(0.0..100_000.0_f64),
        step in 0.0..200_000.0_f64,
        russian in any::<bool>(),
    ) {
        let side = |agent| if agent { Side::Agent } else { Side::Customer };
        let said: Vec<(Side, f64, f64)> = (said.iter())
            .map(|(agent, from, length)| (side(*agent), from * scale, (from + length) * scale))
            .collect();
        let facts = serde_json::json!({
            "ivr": {"duration_s": ivr, "steps": [{"node": "a", "t_s": step}]},
            "queue": {"wait_s": wait},
        });
        let facts = Metadata::from_json(&facts.to_string()).unwrap();
        let call = told("any", &said).metadata(facts);
        let lang = if russian { Lang::Ru } else { Lang::En };
        for options in [PictureOptions::default(), PictureOptions::compact()] {
            // A call of no length is refused.
            if let Ok(picture) = drawn(&call, lang, &options) {
                let svg = picture.svg_inline();
                well_formed(&svg);
                prop_assert!(options.form == Form::Full || svg.len() < 12_000);
            }
        }
    }
}

#[test]
fn calls_of_one_side_and_of_three_hours_are_drawn() {
    let silent = wav((0..80_000).map(|_| [0, 0]));
    let one = wav((0..80_000).map(|i| [if i / 40 % 2 == 0 { 9_000 } else { -9_000 }, 0]));
    for input in [silent, one] {
        let call = Call::new("one").stereo(input, AgentChannel::Right);
        well_formed(
            &drawn(&call, Lang::Ru, &PictureOptions::default())
                .unwrap()
                .svg_document(),
        );
        well_formed(
            &drawn(&call, Lang::En, &PictureOptions::compact())
                .unwrap()
                .svg_document(),
        );
    }
    let said = (0..1_000).map(|i| {
        let start = f64::from(i) * 10.8;
        let side = if i % 2 == 0 {
            Side::Agent
        } else {
            Side::Customer
        };
        (side, start, start + 11.5)
    });
    let said: Vec<(Side, f64, f64)> = said.collect();
    let call = told("long", &said);
    let svg = drawn(&call, Lang::En, &PictureOptions::default())
        .unwrap()
        .svg_inline();
    well_formed(&svg);
    // 18 rows of ten minutes and the rest: a label for each side in each.
    assert_eq!(svg.matches(">agent</text>").count(), 19);
}
