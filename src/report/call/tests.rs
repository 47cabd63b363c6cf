use super::*;
use crate::call::{Call, Input, Metadata};
use crate::model::testing::{table, trained};
use crate::model::{Predictor, TrainOptions};
use crate::report::picture::PictureOptions;
use crate::score::Scorer;
use crate::settings::AnalysisSettings;

const EVIL: &str = "<script>alert(1)</script>\u{1}";

/// A call with a transcript and facts, and an id and a node that are markup.
fn call() -> Call {
    let word = |text: &str, side: &str, start: f64| {
        let word = serde_json::json!({"text": text, "start_s": start, "end_s": start + 2.0});
        serde_json::json!({
            "side": side, "start_s": start, "end_s": start + 2.0, "words": [word],
        })
    };
    let utterances = [
        word("тайна", "agent", 0.0),
        word("секрет", "customer", 1.0),
        word("тайна", "agent", 40.0),
    ];
    let text = serde_json::json!({
        "format": "callcsi-transcript", "version": 1, "utterances": utterances,
    });
    let facts = serde_json::json!({
        "ivr": {"duration_s": 34, "last_node": EVIL, "steps": [{"node": EVIL, "outcome": "no_match"}]},
        "queue": {"wait_s": 95},
    });
    Call::new(EVIL)
        .transcript(Input::Bytes {
            name: "t.json".to_owned(),
            bytes: text.to_string().into_bytes().into(),
        })
        .metadata(Metadata::from_json(&facts.to_string()).unwrap())
}

fn page(scorer: &Scorer, lang: Lang) -> String {
    let call = call();
    let assessment = scorer.score(&call).unwrap();
    let settings = scorer.extractor().settings();
    let options = PictureOptions::default();
    let picture =
        CallPicture::of(&call, &assessment.measurements, settings, lang, &options).unwrap();
    call_page(
        &assessment,
        scorer.predictor().model(),
        Some(&picture),
        lang,
    )
}

fn builtin() -> Scorer {
    Scorer::builtin().unwrap().explaining()
}

#[test]
fn a_page_runs_and_fetches_nothing_and_its_names_are_text() {
    for lang in Lang::ALL {
        let page = page(&builtin(), lang);
        assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(!page.contains("<script") && !page.contains('\u{1}'));
        for word in [
            " src=", " href=", "url(", "@import", " onload", "<link", "<img",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        // The name of SVG is an address that nothing fetches.
        assert_eq!(page.matches("http://").count(), 1);
        assert!(!page.contains("тайна") && !page.contains("секрет"));
        assert_eq!(page.matches("<style>").count(), 1);
        assert_eq!(page.matches("<svg").count(), 1);
    }
}

#[test]
fn a_page_tells_what_the_explanation_and_the_measurements_tell() {
    let scorer = builtin();
    let assessment = scorer.score(&call()).unwrap();
    let explanation = assessment.explanation.as_ref().unwrap();
    for lang in Lang::ALL {
        let page = page(&scorer, lang);
        let has = |text: &str| {
            let escaped = html! { (text) }.into_string();
            assert!(page.contains(&escaped), "{text}");
        };
        has(&mark(assessment.prediction.csi, lang));
        assert!(!explanation.reasons.is_empty() && !explanation.counterfactuals.is_empty());
        for reason in &explanation.reasons {
            if let Some(points) = reason.points(lang) {
                has(&points);
                has(&reason.sentence(lang));
            }
        }
        for change in &explanation.counterfactuals {
            has(&change.sentence(lang));
        }
        // Every feature once, with its value or its reason.
        for (feature, value) in assessment.measurements.features.iter() {
            has(&format!("{} ", feature.title(lang)));
            let name = format!("<code>{}</code>", feature.name);
            assert_eq!(page.matches(&name).count(), 1, "{name}");
            if let Err(absence) = value {
                has(&absence.tell(lang));
            }
        }
        for warning in &assessment.measurements.warnings {
            has(&warning.message);
        }
        has(&scorer.predictor().model().fingerprint());
        has(&scorer.extractor().settings().fingerprint());
    }
    assert!(page(&scorer, Lang::Ru).contains("<dt>клиент недоволен</dt>"));
}

#[test]
fn absent_and_present_are_counted() {
    let scorer = builtin();
    let features = scorer.score(&call()).unwrap().measurements.features;
    let absent = features
        .values()
        .iter()
        .filter(|value| value.is_err())
        .count();
    let page = page(&scorer, Lang::En);
    assert!(page.contains(&format!(
        "Not measured <span class=\"faint\">({absent})</span>"
    )));
    assert_eq!(page.matches("<tr").count(), features.values().len());
}

#[test]
fn a_two_class_model_and_a_call_of_which_nothing_is_known_have_a_page() {
    let model = trained(&table(300), &TrainOptions::default()).unwrap();
    let scorer = Scorer::new(Predictor::new(model)).unwrap();
    let assessment = scorer.score(&Call::new("")).unwrap();
    let model = scorer.predictor().model();
    let page = call_page(&assessment, model, None, Lang::En);
    assert!(!page.contains("<svg") && !page.contains("<h2>Why</h2>"));
    assert!(page.contains("customer satisfied") && !page.contains("customer dissatisfied"));
    assert!(page.contains("no_evidence") && !page.contains("NaN"));
    assert_eq!(model.settings(), &AnalysisSettings::default());
}

#[test]
fn a_fragment_runs_and_fetches_nothing_and_its_names_are_text() {
    let scorer = builtin();
    let call = call();
    let assessment = scorer.score(&call).unwrap();
    let settings = scorer.extractor().settings();
    for lang in Lang::ALL {
        let options = PictureOptions::default();
        let picture =
            CallPicture::of(&call, &assessment.measurements, settings, lang, &options).unwrap();
        let model = scorer.predictor().model();
        let html = call_fragment(&assessment, model, Some(&picture), lang);
        // Of what could be fetched there is the picture, which is here.
        let (before, rest) = html.split_once("src=\"data:image/svg+xml").unwrap();
        let (picture, after) = rest.split_once('"').unwrap();
        assert!(!picture.contains('<'));
        let outside = format!("{before}{after}");
        for word in ["<script", "<style", "src=", "class=", "тайна", "секрет"] {
            assert!(!outside.contains(word), "{word}");
        }
        assert!(outside.contains("&lt;script&gt;"));
        let csi = crate::features::words::mark(assessment.prediction.csi, lang);
        assert!(html.contains(&format!("CSI {csi}")));
    }
}
