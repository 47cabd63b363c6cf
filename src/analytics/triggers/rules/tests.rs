use super::*;
use proptest::prelude::*;

fn refused(text: &str) -> Error {
    Rules::parse("r.toml", text).unwrap_err()
}

#[test]
fn the_default_rules_are_read_and_their_comments_are_true() {
    let rules = Rules::default_rules().unwrap();
    assert_eq!(rules.columns(), ["queue_name", "operator_id"]);
    assert_eq!(rules.names().count(), 7);
    // A key that stands in a comment with its default changes nothing when it is no comment.
    let mut said = String::new();
    for line in Rules::DEFAULT.lines() {
        let key = line.strip_prefix("# ").filter(|line| {
            let key = line.split(" = ").next().unwrap_or_default();
            line.contains(" = ") && !key.contains([' ', ',']) && !line.starts_with("where")
        });
        said.push_str(key.unwrap_or(line));
        said.push('\n');
    }
    assert_ne!(said, Rules::DEFAULT);
    // `queue-dissatisfaction` is the one whose keys all stand in comments.
    let of = |rules: &Rules| {
        let rule = rules
            .rules
            .iter()
            .find(|rule| rule.name == "queue-dissatisfaction");
        format!("{rule:?}")
    };
    assert_eq!(of(&Rules::parse("said.toml", &said).unwrap()), of(&rules));
}

#[test]
fn errors_name_the_line_the_rule_the_key_and_the_likely_mistake() {
    let group = |keys: &str| format!("[[group]]\nname = \"g\"\n{keys}\n");
    let cases = [
        (
            group("mean = \"csi\"\nlamda = 0.2"),
            "r.toml line 4: rule \"g\"",
            "is it lambda?",
        ),
        (
            group("mean = \"cis\""),
            "r.toml line 3: rule \"g\": mean",
            "is it csi?",
        ),
        (
            group("share = \"csi < 4 an mark = 1\""),
            "r.toml line 3: rule \"g\": share: character 9",
            "",
        ),
        (
            group("mean = \"csi\"\nchart = \"p\""),
            "r.toml line 2: rule \"g\": chart",
            "is it chart = \"xbar\"?",
        ),
        (
            group("mean = \"low_mark\"\nchart = \"xbar\""),
            "r.toml line 2: rule \"g\": chart",
            "is it chart = \"p\"?",
        ),
        (
            group("mean = \"csi\"\nchart = \"emwa\""),
            "r.toml line 4: rule \"g\": chart",
            "is it ewma?",
        ),
        (
            group("mean = \"csi\"\nlambda = 0"),
            "r.toml line 2: rule \"g\": lambda",
            "",
        ),
        (
            group("mean = \"csi\"\nlambda = 2.0"),
            "r.toml line 2: rule \"g\": lambda",
            "",
        ),
        (
            group("mean = \"csi\"\nchart = \"xbar\"\nlambda = 0.1"),
            "r.toml line 2: rule \"g\": lambda",
            "other charts have none",
        ),
        (
            group("mean = \"csi\"\nshare = \"csi < 4\""),
            "r.toml line 2: rule \"g\": share",
            "",
        ),
        (group(""), "r.toml line 2: rule \"g\": mean", ""),
        (
            group("mean = \"csi\"\nbaseline = 2"),
            "r.toml line 2: rule \"g\": baseline",
            "",
        ),
        (
            "[[call]]\nname = \"c\"\n".to_owned(),
            "r.toml line 1: rule \"c\"",
            "",
        ),
        (
            "[[cal]]\nname = \"c\"\n".to_owned(),
            "r.toml line 1: rule \"c\"",
            "is it call?",
        ),
        (
            "[[call]]\nname = \"a\"\nwhen = \"csi<1\"\n[[call]]\nname = \"a\"\nwhen = \"csi<1\""
                .to_owned(),
            "r.toml line 5: rule \"a\": name",
            "",
        ),
        (
            group("mean = \"csi\"\nleast = \"3\""),
            "r.toml line 4: rule \"g\": least",
            "",
        ),
        (
            "[call]\nname = \"c\"\n".to_owned(),
            "r.toml line 1",
            "rules stand in two brackets each: [[call]]",
        ),
        ("columns = [\n".to_owned(), "r.toml line 1: columns", ""),
        ("".to_owned(), "r.toml", ""),
    ];
    for (text, place, hint) in cases {
        let error = refused(&text);
        assert_eq!(
            (error.place(), error.hint_text().unwrap_or("")),
            (place, hint),
            "{text}: {error}"
        );
        assert!(
            !error.found().is_empty() && !error.wanted().is_empty(),
            "{error}"
        );
    }
}

#[test]
fn a_rule_of_operators_takes_features_alone() {
    let text = "[[operator]]\nname = \"o\"\nfeatures = [\"csi\"]";
    assert_eq!(refused(text).place(), "r.toml line 2: rule \"o\": features");
    assert!(Rules::parse("r", &text.replace("csi", "agent_longest_turn_s")).is_ok());
    let text = "[[data]]\nname = \"d\"\nfeatures = [\"hold_cont\"]";
    assert_eq!(refused(text).hint_text(), Some("is it hold_count?"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        let _ = Rules::parse("r", &text);
    }

    /// The default rules with a piece cut out and another put in.
    #[test]
    fn no_damage_panics(
        at in any::<prop::sample::Index>(),
        length in 0..40_usize,
        put in "[\\[\\]\"'=a-z0-9 \n\\\\я]{0,12}",
    ) {
        let text: Vec<char> = Rules::DEFAULT.chars().collect();
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        let damaged: String = text[..start].iter().copied().chain(put.chars()).chain(text[end..].iter().copied()).collect();
        let _ = Rules::parse("r", &damaged);
    }
}
