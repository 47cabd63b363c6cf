use super::*;
use crate::shapes::clock;

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

fn picture() -> Picture {
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
        levels: vec![-20.0, f64::NEG_INFINITY, 3.0],
        intervals: of(kinds),
    };
    Picture {
        title: "звонок <1> & \"2\".wav".to_owned(),
        subtitle: "a < b".to_owned(),
        whole: segment(0.0, 90.0),
        row: Span::from_millis(60_000),
        column: Span::from_millis(25),
        lanes: Sides {
            agent: lane(&[
                Kind::Speech,
                Kind::Unsaid,
                Kind::Utterance,
                Kind::Interruption,
            ]),
            customer: lane(&[Kind::Bleed, Kind::Backchannel, Kind::Hold, Kind::Line]),
        },
        between: of(&[Kind::Silence, Kind::Episode, Kind::Overlap]),
    }
}

#[test]
fn a_picture_is_well_formed_and_its_names_are_escaped() {
    let svg = picture().svg();
    let names = elements(&svg);
    // A level for each side in each row of a call that takes two; marks, once, and ticks besides.
    assert_eq!(svg.matches("class=\"level\"").count(), 4);
    assert_eq!(names.iter().filter(|name| *name == "svg").count(), 1);
    assert!(svg.contains("звонок &lt;1&gt; &amp; &quot;2&quot;.wav"));
    assert!(svg.contains("&lt;&amp;&quot; Ёж\u{fffd}"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn every_kind_is_drawn_and_in_the_legend() {
    let svg = picture().svg();
    for kind in Kind::ALL {
        let (class, _, text) = kind.look();
        assert!(svg.contains(&format!("class=\"{class}\"")), "{class}");
        assert!(svg.contains(&format!(">{text}</text>")), "{text}");
    }
}

#[test]
fn lines_that_hold_nothing_take_no_room() {
    let mut bare = picture();
    let full = bare.row_height();
    bare.lanes.customer.intervals.clear();
    assert_eq!(full - bare.row_height(), 2.0 * STRIP);
    bare.lanes.agent.intervals.clear();
    assert_eq!(full - bare.row_height(), 2.0 * (STRIP + LINE));
}

#[test]
fn times_are_minutes_and_seconds() {
    assert_eq!(clock(0.0, false), "0:00");
    assert_eq!(clock(125.5, true), "2:05.5");
    assert_eq!(clock(59.96, true), "1:00.0");
}
