use super::*;
use crate::analytics::{Estimate, Moment};
use crate::model::testing::{number, vector, word};
use proptest::prelude::*;

fn names() -> Names {
    Names(
        ["queue_name", "Имя очереди", "absent"]
            .map(String::from)
            .to_vec(),
    )
}

fn row() -> CallRow {
    let mut row = CallRow::new("к-1");
    row.estimate = Some(Estimate {
        csi: 3.5,
        satisfied: 0.6,
        dissatisfied: None,
    });
    row.mark = Some(2);
    // 2026-11-29 12:00, a Sunday.
    row.time = Some(Moment(1_795_910_400 + 12 * 3_600));
    row.columns = vec![Some("кредиты".into()), None];
    row.features = vector(&[
        ("hold_count", number(2.0)),
        ("ivr_status", word("completed")),
    ]);
    row
}

fn holds(text: &str) -> Option<bool> {
    let row = row();
    let facts = Facts {
        row: &row,
        scale: &LabelScale::ONE_TO_FIVE,
        columns: &[Some(0), Some(1), None],
    };
    Expression::parse(text, &names()).unwrap().evaluate(&facts)
}

#[test]
fn conditions_are_true_false_or_neither() {
    let cases = [
        ("csi < 4 and hold_count >= 2", Some(true)),
        ("csi<3.5", Some(false)),
        ("3.5 <= csi", Some(true)),
        ("mark = 2 and low_mark == 1", Some(true)),
        ("hour = 12 and weekday in [6, 7]", Some(true)),
        ("queue_name = 'кредиты'", Some(true)),
        ("queue_name in [\"карты\", \"вклады\"]", Some(false)),
        ("ivr_status != \"completed\"", Some(false)),
        // The call has neither a wait nor a probability of dissatisfaction.
        ("queue_wait_s > 60", None),
        ("queue_wait_s != 60", None),
        ("not dissatisfied > 0.5", None),
        ("queue_wait_s > 60 or csi < 4", Some(true)),
        ("queue_wait_s > 60 or csi > 4", None),
        ("queue_wait_s > 60 and csi > 4", Some(false)),
        ("queue_wait_s > 60 and csi < 4", None),
        ("queue_wait_s is absent", Some(true)),
        ("not csi is present", Some(false)),
        ("`Имя очереди` in [\"x\"]", None),
        ("`absent` is absent", Some(true)),
        // `and` binds closer than `or`, `not` closer than both.
        ("csi < 4 or csi < 4 and csi > 4", Some(true)),
        ("(csi < 4 or csi < 4) and csi > 4", Some(false)),
        ("not csi > 4 and csi < 4", Some(true)),
        ("hold_count > -1e0", Some(true)),
    ];
    for (text, wanted) in cases {
        assert_eq!(holds(text), wanted, "{text}");
    }
}

#[test]
fn errors_name_the_character_and_the_likely_mistake() {
    let cases = [
        (
            "csi < 4 and hold_cout > 1",
            "character 13",
            "is it hold_count?",
        ),
        ("quue_name = \"a\"", "character 1", "is it queue_name?"),
        (
            "operator = \"a\"",
            "character 1",
            "a column of the archive is named at the top of the file: columns = [\"operator\"]",
        ),
        (
            "queue_name = 17",
            "character 14",
            "a text stands in quotes: \"17\"",
        ),
        ("csi < \"4\"", "character 7", "numbers stand without quotes"),
        (
            "2 < csi < 4",
            "character 9",
            "two bounds are two conditions: 2 <= csi and csi < 4",
        ),
        (
            "csi < 4 && mark = 1",
            "character 9",
            "the words are and, or, not",
        ),
        ("csi + 1 < 4", "character 5", "conditions do not compute"),
    ];
    for (text, place, hint) in cases {
        let error = Expression::parse(text, &names()).unwrap_err();
        assert_eq!(
            (error.place(), error.hint_text()),
            (place, Some(hint)),
            "{text}: {error}"
        );
    }
    let cases = [
        (
            "",
            "character 1",
            "the end of the condition",
            "a name, a number or a text in quotes",
        ),
        ("(csi < 4", "character 9", "the end of the condition", ")"),
        (
            "csi < 4 mark = 1",
            "character 9",
            "mark",
            "and, or, or the end of the condition",
        ),
        (
            "csi < 4 and",
            "character 12",
            "the end of the condition",
            "a name, a number or a text in quotes",
        ),
        ("1 < 2", "character 1", "two values", "a name on one side"),
        (
            "queue_name < \"a\"",
            "character 12",
            "< between texts",
            "=, != or in",
        ),
        (
            "csi in [mark]",
            "character 9",
            "mark, a number",
            "a number or a text in quotes",
        ),
        ("csi is 4", "character 8", "4", "absent or present"),
        ("csi < 4..5", "character 7", "4..5", "a number, as -0.5"),
        (
            "queue_name = \"a",
            "character 14",
            "\" without another one",
            "a text in quotes",
        ),
    ];
    for (text, place, found, wanted) in cases {
        let error = Expression::parse(text, &names()).unwrap_err();
        assert_eq!(
            (error.place(), error.found(), error.wanted()),
            (place, found, wanted)
        );
    }
}

#[test]
fn depth_and_length_have_bounds() {
    let deep = |n: usize| format!("{}csi < 4{}", "(".repeat(n), ")".repeat(n));
    assert!(Expression::parse(&deep(DEEPEST), &names()).is_ok());
    assert!(Expression::parse(&deep(DEEPEST + 1), &names()).is_err());
    assert!(Expression::parse(&"not ".repeat(2_000), &names()).is_err());
    assert!(Expression::parse(&" ".repeat(LONGEST + 1), &names()).is_err());
    // A long chain is not deep.
    let chain = vec!["csi<4"; 1_000].join(" and ");
    assert!(Expression::parse(&chain, &names()).is_ok());
}

fn name() -> impl Strategy<Value = (Name, Kind)> {
    prop_oneof![
        Just((Name::Fact(Fact::Csi), Kind::Number)),
        Just((Name::Feature(position("hold_count").unwrap()), Kind::Number)),
        Just((
            Name::Feature(position("ivr_status").unwrap()),
            Kind::Category
        )),
        (0_usize..3).prop_map(|at| (Name::Column(at), Kind::Category)),
    ]
}

fn literal(kind: Kind) -> BoxedStrategy<Operand> {
    match kind {
        Kind::Number => prop_oneof![
            prop::num::f64::NORMAL.prop_map(Operand::Number),
            (-9_i32..9).prop_map(|x| Operand::Number(f64::from(x))),
        ]
        .boxed(),
        Kind::Category => "[a-я\"'`\\\\ ]{0,6}".prop_map(Operand::Text).boxed(),
    }
}

fn leaf() -> impl Strategy<Value = Node> {
    let compare = name().prop_flat_map(|(name, kind)| {
        let how = match kind {
            Kind::Number => prop_oneof![
                Just(Comparison::Less),
                Just(Comparison::AtMost),
                Just(Comparison::Greater),
                Just(Comparison::AtLeast),
                Just(Comparison::Equal),
                Just(Comparison::Other)
            ]
            .boxed(),
            Kind::Category => prop_oneof![Just(Comparison::Equal), Just(Comparison::Other)].boxed(),
        };
        (literal(kind), how, any::<bool>()).prop_map(move |(value, how, swapped)| match swapped {
            true => Node::Compare(value, how, Operand::Name(name)),
            false => Node::Compare(Operand::Name(name), how, value),
        })
    });
    let list = name().prop_flat_map(|(name, kind)| {
        prop::collection::vec(literal(kind), 1..4).prop_map(move |list| Node::In(name, list))
    });
    let is = (name(), any::<bool>()).prop_map(|((name, _), absent)| Node::Is { name, absent });
    prop_oneof![compare, list, is]
}

fn tree() -> impl Strategy<Value = Node> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|node| Node::Not(Box::new(node))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| Node::joined(parts, Word::And)),
            prop::collection::vec(inner, 2..4).prop_map(|parts| Node::joined(parts, Word::Or)),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(node in tree()) {
        let printed = Expression(node).print(&names());
        let read = Expression::parse(&printed, &names());
        prop_assert!(read.is_ok(), "{printed}: {:?}", read);
        prop_assert_eq!(read.unwrap().print(&names()), printed);
    }

    #[test]
    fn the_tree_is_the_same_too(node in tree()) {
        let expression = Expression(node);
        let read = Expression::parse(&expression.print(&names()), &names()).unwrap();
        prop_assert_eq!(read, expression);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        let _ = Expression::parse(&text, &names());
    }

    #[test]
    fn no_sequence_of_words_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "csi", "hold_count", "queue_name", "`Имя очереди`", "ivr_status", "and", "or", "not", "in",
                "is", "absent", "present", "(", ")", "[", "]", ",", "<", "<=", "=", "!=", "3", "-0.5", "1e9",
                "\"я\"", "\"", "\\", ".", "-", "e", "1e999", "`",
            ]),
            0..25,
        ),
        apart in any::<bool>(),
    ) {
        let text = words.join(if apart { " " } else { "" });
        if let Ok(read) = Expression::parse(&text, &names()) {
            let printed = read.print(&names());
            prop_assert_eq!(Expression::parse(&printed, &names()).unwrap(), read);
        }
    }
}
