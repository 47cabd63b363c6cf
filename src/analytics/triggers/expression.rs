//! Conditions on a call: `csi < 2.5 and (hold_count >= 2 or queue_name in ["loans", "cards"])`.
//!
//! # Conventions
//!
//! * A name is one of [`Fact`], a feature of the catalogue or a column of the archive, sought in this
//!   order. A name that is no word of letters, digits, `_` and `.` stands in backquotes.
//! * Features that are words and columns are texts: compared by `=`, `!=` and `in` alone, letter for letter.
//! * Three-valued (Kleene 1938): a comparison with a value that a call has not is neither true nor
//!   false. `not` leaves it so; `and` is false where one side is, `or` true where one side is.
//!   `is absent` and `is present` are always one of the two.
//! * `not` binds closer than `and`, `and` closer than `or`.
//! * Trees are in normal form: an `and` holds no `and`, an `or` no `or`. So what is printed and read
//!   again is the same tree.

use crate::analytics::CallRow;
use crate::batch::mapping::nearest;
use crate::error::{Error, ErrorKind, Result, legible};
use crate::features::{Kind, Value, catalogue, position};
use crate::model::{LabelScale, MarkClass};

/// The deepest nesting of parentheses and `not`.
const DEEPEST: usize = 50;
/// The longest condition, in bytes.
const LONGEST: usize = 10_000;

/// Something that is known of a call beside its features and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// The expected mark.
    Csi,
    /// Probability of a satisfied customer.
    Satisfied,
    /// Probability of a dissatisfied one.
    Dissatisfied,
    /// The customer's mark.
    Mark,
    /// 1 where the mark is one of a dissatisfied customer, 0 where it is another.
    LowMark,
    /// Hour of the day, 0 to 23.
    Hour,
    /// Day of the week, 1 for Monday to 7.
    Weekday,
}

impl Fact {
    const ALL: [Fact; 7] = [
        Fact::Csi,
        Fact::Satisfied,
        Fact::Dissatisfied,
        Fact::Mark,
        Fact::LowMark,
        Fact::Hour,
        Fact::Weekday,
    ];

    fn name(self) -> &'static str {
        match self {
            Fact::Csi => "csi",
            Fact::Satisfied => "satisfied",
            Fact::Dissatisfied => "dissatisfied",
            Fact::Mark => "mark",
            Fact::LowMark => "low_mark",
            Fact::Hour => "hour",
            Fact::Weekday => "weekday",
        }
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Fact(Fact),
    /// A place in the catalogue.
    Feature(usize),
    /// A place in [`Names`].
    Column(usize),
}

/// The columns that rules speak of, whether an archive has them or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names(pub Vec<String>);

impl Names {
    /// Returns the place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|column| column == name)
    }

    /// Returns what a name stands for; an error with the nearest name otherwise.
    pub fn find(&self, name: &str) -> Result<Name> {
        let fact = Fact::ALL.into_iter().find(|fact| fact.name() == name);
        let found = fact
            .map(Name::Fact)
            .or_else(|| position(name).map(Name::Feature))
            .or_else(|| self.column(name).map(Name::Column));
        found.ok_or_else(|| {
            let wanted = "csi, satisfied, dissatisfied, mark, low_mark, hour, weekday, a feature or a column";
            let known = Fact::ALL.iter().map(|fact| fact.name());
            let known = known
                .chain(self.0.iter().map(String::as_str))
                .chain(catalogue().iter().map(|feature| feature.name.as_str()));
            let error = Error::new(ErrorKind::Invalid, "", format!("the name {name:?}"), wanted);
            match nearest(name, known) {
                Some(near) => error.hint(format!("is it {near}?")),
                None => error.hint(format!(
                    "a column of the archive is named at the top of the file: columns = [{name:?}]"
                )),
            }
        })
    }

    /// Returns what is written for a name.
    pub fn name(&self, name: Name) -> &str {
        match name {
            Name::Fact(fact) => fact.name(),
            Name::Feature(at) => catalogue().get(at).map_or("", |f| f.name.as_str()),
            Name::Column(at) => self.0.get(at).map_or("", String::as_str),
        }
    }

    fn kind(&self, name: Name) -> Kind {
        match name {
            Name::Fact(_) => Kind::Number,
            Name::Feature(at) => catalogue().get(at).map_or(Kind::Number, |f| f.kind),
            Name::Column(_) => Kind::Category,
        }
    }

    /// Returns what a name stands for, when that is a number.
    pub fn number(&self, name: &str) -> Result<Name> {
        let found = self.find(name)?;
        match self.kind(found) {
            Kind::Number => Ok(found),
            Kind::Category => {
                let error = Error::new(
                    ErrorKind::Mismatch,
                    "",
                    format!("{name}, a text"),
                    "a number",
                );
                Err(error.hint(format!(
                    "the share of calls of one kind is share = '{name} = \"…\"'"
                )))
            }
        }
    }
}

/// A call as conditions see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub row: &'a CallRow,
    pub scale: &'a LabelScale,
    /// Where the archive has each column of [`Names`].
    pub columns: &'a [Option<usize>],
}

/// A value of a call, borrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Found<'a> {
    Number(f64),
    Text(&'a str),
}

impl<'a> Facts<'a> {
    /// Returns the value of a name on this call.
    pub fn value(&self, name: Name) -> Option<Found<'a>> {
        let row = self.row;
        let estimate = row.estimate;
        let number = match name {
            Name::Fact(Fact::Csi) => estimate?.csi,
            Name::Fact(Fact::Satisfied) => estimate?.satisfied,
            Name::Fact(Fact::Dissatisfied) => estimate?.dissatisfied?,
            Name::Fact(Fact::Mark) => row.mark? as f64,
            Name::Fact(Fact::LowMark) => {
                let class = self.scale.class(row.mark?).ok()?;
                f64::from(u8::from(class == MarkClass::Dissatisfied))
            }
            Name::Fact(Fact::Hour) => f64::from(row.time?.hour()),
            Name::Fact(Fact::Weekday) => f64::from(row.time?.weekday()),
            Name::Feature(at) => match row.features.values().get(at)? {
                Ok(Value::Number(x)) => *x,
                Ok(Value::Category(word)) => return Some(Found::Text(word)),
                Err(_) => return None,
            },
            Name::Column(at) => return self.column(at).map(Found::Text),
        };
        number.is_finite().then_some(Found::Number(number))
    }

    /// Returns the value of a number's name.
    pub fn number(&self, name: Name) -> Option<f64> {
        match self.value(name)? {
            Found::Number(x) => Some(x),
            Found::Text(_) => None,
        }
    }

    /// Returns the value of a column.
    pub fn column(&self, at: usize) -> Option<&'a str> {
        let place = (*self.columns.get(at)?)?;
        self.row.columns.get(place)?.as_deref()
    }
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Other,
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
            Comparison::Equal => "=",
            Comparison::Other => "!=",
        }
    }

    fn holds(self, a: Found<'_>, b: Found<'_>) -> Option<bool> {
        match (a, b) {
            (Found::Number(a), Found::Number(b)) => Some(match self {
                Comparison::Less => a < b,
                Comparison::AtMost => a <= b,
                Comparison::Greater => a > b,
                Comparison::AtLeast => a >= b,
                Comparison::Equal => a == b,
                Comparison::Other => a != b,
            }),
            (Found::Text(a), Found::Text(b)) => match self {
                Comparison::Equal => Some(a == b),
                Comparison::Other => Some(a != b),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A name, or a value that is written down.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Name(Name),
    Number(f64),
    Text(String),
}

impl Operand {
    fn value<'a>(&'a self, facts: &Facts<'a>) -> Option<Found<'a>> {
        match self {
            Operand::Name(name) => facts.value(*name),
            Operand::Number(x) => Some(Found::Number(*x)),
            Operand::Text(text) => Some(Found::Text(text)),
        }
    }
}

/// A condition, or a part of one.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Compare(Operand, Comparison, Operand),
    /// One of several values, all of the kind of the name.
    In(Name, Vec<Operand>),
    Is {
        name: Name,
        absent: bool,
    },
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

impl Node {
    /// Joins in normal form.
    fn joined(parts: Vec<Node>, word: Word) -> Node {
        let flat = parts.into_iter().flat_map(|part| match (part, word) {
            (Node::And(inner), Word::And) | (Node::Or(inner), Word::Or) => inner,
            (part, _) => vec![part],
        });
        let flat: Vec<Node> = flat.collect();
        match word {
            Word::Or => Node::Or(flat),
            _ => Node::And(flat),
        }
    }

    fn evaluate(&self, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Node::Compare(a, how, b) => how.holds(a.value(facts)?, b.value(facts)?),
            Node::In(name, list) => {
                let value = facts.value(*name)?;
                Some(list.iter().any(|one| one.value(facts) == Some(value)))
            }
            Node::Is { name, absent } => Some(facts.value(*name).is_none() == *absent),
            Node::Not(inner) => Some(!inner.evaluate(facts)?),
            Node::And(parts) => joined(parts, facts, false),
            Node::Or(parts) => joined(parts, facts, true),
        }
    }

    fn names(&self, into: &mut Vec<Name>) {
        let mut add = |name: Name| {
            if !into.contains(&name) {
                into.push(name);
            }
        };
        match self {
            Node::Compare(a, _, b) => {
                for side in [a, b] {
                    if let Operand::Name(name) = side {
                        add(*name);
                    }
                }
            }
            Node::In(name, _) | Node::Is { name, .. } => add(*name),
            Node::Not(inner) => inner.names(into),
            Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| part.names(into)),
        }
    }
}

/// Kleene's `or` for `decisive` true, his `and` for false.
fn joined(parts: &[Node], facts: &Facts<'_>, decisive: bool) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part.evaluate(facts) {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decisive)
}

/// A condition on a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression(Node);

impl Expression {
    /// Reads a condition.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IllFormed`] for what is no condition, [`ErrorKind::Invalid`] for an unknown name,
    /// [`ErrorKind::Mismatch`] for a number compared with a text. The place is the character, counted from 1.
    pub fn parse(text: &str, names: &Names) -> Result<Expression> {
        if text.len() > LONGEST {
            let found = format!("{} bytes", text.len());
            let wanted = format!("a condition of at most {LONGEST} bytes");
            return Err(Error::new(ErrorKind::IllFormed, "", found, wanted));
        }
        let mut parser = Parser {
            tokens: tokens(text)?,
            next: 0,
            names,
            end: text.chars().count() + 1,
        };
        let node = parser.condition(0, 0)?;
        match parser.peek() {
            None => Ok(Expression(node)),
            Some(_) => Err(parser.unexpected("and, or, or the end of the condition")),
        }
    }

    /// Tells whether it is true of a call; `None` where that hangs on a value that the call has not.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Option<bool> {
        self.0.evaluate(facts)
    }

    /// Returns the names in it, each once, in their order.
    pub fn names(&self) -> Vec<Name> {
        let mut names = Vec::new();
        self.0.names(&mut names);
        names
    }

    /// Writes it so that [`Expression::parse`] reads the same.
    pub fn print(&self, names: &Names) -> String {
        let mut text = String::new();
        print(&self.0, 0, names, &mut text);
        text
    }
}

/// How closely a word binds; what is looser stands in parentheses inside.
fn closeness(node: &Node) -> u8 {
    match node {
        Node::Or(_) => 1,
        Node::And(_) => 2,
        Node::Not(_) => 3,
        Node::Compare(..) | Node::In(..) | Node::Is { .. } => 4,
    }
}

fn print(node: &Node, outer: u8, names: &Names, text: &mut String) {
    let own = closeness(node);
    let apart = own < outer;
    text.push_str(if apart { "(" } else { "" });
    let name = |name: &Name, text: &mut String| print_name(names.name(*name), text);
    let operand = |operand: &Operand, text: &mut String| match operand {
        Operand::Name(of) => name(of, text),
        // Both are the shortest digits that read as the same number.
        Operand::Number(x) => {
            let (plain, scientific) = (format!("{x}"), format!("{x:e}"));
            text.push_str(match plain.len() <= scientific.len() {
                true => &plain,
                false => &scientific,
            });
        }
        Operand::Text(word) => print_text(word, text),
    };
    match node {
        Node::Compare(a, how, b) => {
            operand(a, text);
            text.push(' ');
            text.push_str(how.sign());
            text.push(' ');
            operand(b, text);
        }
        Node::In(of, list) => {
            name(of, text);
            text.push_str(" in [");
            for (i, one) in list.iter().enumerate() {
                text.push_str(if i > 0 { ", " } else { "" });
                operand(one, text);
            }
            text.push(']');
        }
        Node::Is { name: of, absent } => {
            name(of, text);
            text.push_str(if *absent { " is absent" } else { " is present" });
        }
        Node::Not(inner) => {
            text.push_str("not ");
            print(inner, own, names, text);
        }
        Node::And(parts) | Node::Or(parts) => {
            let word = if own == 2 { " and " } else { " or " };
            for (i, part) in parts.iter().enumerate() {
                text.push_str(if i > 0 { word } else { "" });
                print(part, own, names, text);
            }
        }
    }
    text.push_str(if apart { ")" } else { "" });
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn goes_on(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

fn print_name(name: &str, text: &mut String) {
    let plain =
        name.starts_with(begins_name) && name.chars().all(goes_on) && Word::of(name).is_none();
    if plain {
        text.push_str(name);
    } else {
        print_quoted(name, '`', text);
    }
}

fn print_text(word: &str, text: &mut String) {
    print_quoted(word, '"', text);
}

fn print_quoted(word: &str, quote: char, text: &mut String) {
    text.push(quote);
    for c in word.chars() {
        if c == quote || c == '\\' {
            text.push('\\');
        }
        text.push(c);
    }
    text.push(quote);
}

/// A word that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    And,
    Or,
    Not,
    In,
    Is,
    Absent,
    Present,
}

impl Word {
    fn of(text: &str) -> Option<Word> {
        Some(match text {
            "and" => Word::And,
            "or" => Word::Or,
            "not" => Word::Not,
            "in" => Word::In,
            "is" => Word::Is,
            "absent" => Word::Absent,
            "present" => Word::Present,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(Word),
    Name(String),
    Number(f64),
    Text(String),
    Sign(Comparison),
    /// One of `( ) [ ] ,`.
    Mark(char),
}

/// A token, the character it begins at (from 1) and the text of it.
#[derive(Clone, Debug)]
struct Placed {
    token: Token,
    at: usize,
    shown: String,
}

fn at(character: usize) -> String {
    format!("character {character}")
}

/// Cuts a condition into tokens.
fn tokens(text: &str) -> Result<Vec<Placed>> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        let start = i;
        if c.is_whitespace() {
            i += 1;
            continue;
        }
        let following = chars.get(i + 1).copied();
        let wrong = |found: String, wanted: &str| {
            Error::new(ErrorKind::IllFormed, at(start + 1), found, wanted)
        };
        let token = if matches!(c, '(' | ')' | '[' | ']' | ',') {
            i += 1;
            Token::Mark(c)
        } else if matches!(c, '"' | '\'' | '`') {
            let (word, end) = quoted(&chars, i)
                .ok_or_else(|| wrong(format!("{c} without another one"), "a text in quotes"))?;
            i = end;
            match c {
                '`' => Token::Name(word),
                _ => Token::Text(word),
            }
        } else if c.is_ascii_digit()
            || (matches!(c, '-' | '.') && following.is_some_and(|n| n.is_ascii_digit() || n == '.'))
        {
            i += 1;
            let part = |i: usize| match chars.get(i) {
                Some('+' | '-') => matches!(chars.get(i - 1), Some('e' | 'E')),
                Some(c) => goes_on(*c),
                None => false,
            };
            while part(i) {
                i += 1;
            }
            let shown: String = chars.get(start..i).unwrap_or_default().iter().collect();
            match shown.parse::<f64>() {
                Ok(x) if x.is_finite() => Token::Number(x),
                _ => return Err(wrong(legible(shown), "a number, as -0.5")),
            }
        } else if begins_name(c) {
            while chars.get(i).copied().is_some_and(goes_on) {
                i += 1;
            }
            let name: String = chars.get(start..i).unwrap_or_default().iter().collect();
            Word::of(&name).map_or(Token::Name(name), Token::Word)
        } else {
            let (sign, length) = match (c, following) {
                ('<', Some('=')) => (Comparison::AtMost, 2),
                ('>', Some('=')) => (Comparison::AtLeast, 2),
                ('!', Some('=')) | ('<', Some('>')) => (Comparison::Other, 2),
                ('=', Some('=')) => (Comparison::Equal, 2),
                ('<', _) => (Comparison::Less, 1),
                ('>', _) => (Comparison::Greater, 1),
                ('=', _) => (Comparison::Equal, 1),
                _ => {
                    let error = wrong(
                        format!("{c:?}"),
                        "a name, a number, a text in quotes or a comparison",
                    );
                    return Err(match c {
                        '&' | '|' | '!' => error.hint("the words are and, or, not"),
                        '+' | '-' | '*' | '/' => error.hint("conditions do not compute"),
                        _ => error,
                    });
                }
            };
            i += length;
            Token::Sign(sign)
        };
        found.push(Placed {
            token,
            at: start + 1,
            shown: chars.get(start..i).unwrap_or_default().iter().collect(),
        });
    }
    Ok(found)
}

/// Reads a text in quotes from `start`; returns it and where it has ended. A backslash stands before a
/// quote or another one.
fn quoted(chars: &[char], start: usize) -> Option<(String, usize)> {
    let quote = *chars.get(start)?;
    let mut text = String::new();
    let mut i = start + 1;
    loop {
        match *chars.get(i)? {
            '\\' => {
                text.push(*chars.get(i + 1)?);
                i += 2;
            }
            c if c == quote => return Some((text, i + 1)),
            c => {
                text.push(c);
                i += 1;
            }
        }
    }
}

/// Reads tokens by how closely words bind (Pratt 1973).
struct Parser<'a> {
    tokens: Vec<Placed>,
    next: usize,
    names: &'a Names,
    end: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    fn here(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.end, |placed| placed.at)
    }

    fn eat(&mut self, wanted: &Token) -> bool {
        let eaten = self.peek() == Some(wanted);
        self.next += usize::from(eaten);
        eaten
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found = match self.tokens.get(self.next) {
            Some(placed) => placed.shown.clone(),
            None => "the end of the condition".to_owned(),
        };
        Error::new(ErrorKind::IllFormed, at(self.here()), found, wanted)
    }

    fn expect(&mut self, mark: char) -> Result<()> {
        match self.eat(&Token::Mark(mark)) {
            true => Ok(()),
            false => Err(self.unexpected(&mark.to_string())),
        }
    }

    /// Reads what binds at least as closely as `least` (1 `or`, 2 `and`, 3 `not`).
    fn condition(&mut self, least: u8, depth: usize) -> Result<Node> {
        if depth > DEEPEST {
            let wanted = format!("at most {DEEPEST} conditions inside one another");
            return Err(Error::new(
                ErrorKind::IllFormed,
                at(self.here()),
                "a deeper one",
                wanted,
            ));
        }
        let mut left = self.first(depth)?;
        for (word, close) in [(Word::And, 2), (Word::Or, 1)] {
            if close < least {
                break;
            }
            let mut parts = vec![left];
            while self.eat(&Token::Word(word)) {
                parts.push(self.condition(close + 1, depth + 1)?);
            }
            left = match (parts.len(), parts.pop()) {
                (1, Some(only)) => only,
                (_, last) => {
                    parts.extend(last);
                    Node::joined(parts, word)
                }
            };
        }
        Ok(left)
    }

    /// Reads a condition without `and` and `or`.
    fn first(&mut self, depth: usize) -> Result<Node> {
        if self.eat(&Token::Word(Word::Not)) {
            return Ok(Node::Not(Box::new(self.condition(3, depth + 1)?)));
        }
        if self.eat(&Token::Mark('(')) {
            let inner = self.condition(0, depth + 1)?;
            self.expect(')')?;
            return Ok(inner);
        }
        self.comparison()
    }

    fn operand(&mut self) -> Result<Operand> {
        let wanted = "a name, a number or a text in quotes";
        let operand = match self.peek() {
            Some(Token::Name(name)) => {
                let place = at(self.here());
                Operand::Name(self.names.find(name).map_err(|e| e.within(place))?)
            }
            Some(Token::Number(x)) => Operand::Number(*x),
            Some(Token::Text(text)) => Operand::Text(text.clone()),
            _ => return Err(self.unexpected(wanted)),
        };
        self.next += 1;
        Ok(operand)
    }

    fn kind(&self, operand: &Operand) -> Kind {
        match operand {
            Operand::Name(name) => self.names.kind(*name),
            Operand::Number(_) => Kind::Number,
            Operand::Text(_) => Kind::Category,
        }
    }

    /// Says what an operand is.
    fn told(&self, operand: &Operand) -> String {
        let kind = match self.kind(operand) {
            Kind::Number => "a number",
            Kind::Category => "a text",
        };
        match operand {
            Operand::Name(name) => format!("{}, {kind}", self.names.name(*name)),
            Operand::Number(x) => format!("{x}, {kind}"),
            Operand::Text(text) => format!("{text:?}, {kind}"),
        }
    }

    fn comparison(&mut self) -> Result<Node> {
        let start = self.here();
        let left = self.operand()?;
        if let Operand::Name(name) = left {
            if self.eat(&Token::Word(Word::Is)) {
                let absent = self.eat(&Token::Word(Word::Absent));
                if !absent && !self.eat(&Token::Word(Word::Present)) {
                    return Err(self.unexpected("absent or present"));
                }
                return Ok(Node::Is { name, absent });
            }
            if self.eat(&Token::Word(Word::In)) {
                return self.list(name);
            }
        }
        let Some(Token::Sign(how)) = self.peek() else {
            return Err(self.unexpected("a comparison: < <= > >= = != in, is absent, is present"));
        };
        let (how, sign) = (*how, self.here());
        self.next += 1;
        let right_at = self.here();
        let right = self.operand()?;
        if !matches!(left, Operand::Name(_)) && !matches!(right, Operand::Name(_)) {
            let error = Error::new(
                ErrorKind::Invalid,
                at(start),
                "two values",
                "a name on one side",
            );
            return Err(error);
        }
        if self.kind(&left) != self.kind(&right) {
            return Err(self.mismatch(&left, &right, right_at));
        }
        let ordered = !matches!(how, Comparison::Equal | Comparison::Other);
        if ordered && self.kind(&left) == Kind::Category {
            let found = format!("{} between texts", how.sign());
            return Err(Error::new(
                ErrorKind::Mismatch,
                at(sign),
                found,
                "=, != or in",
            ));
        }
        if let Some(Token::Sign(_)) = self.peek() {
            let error = self.unexpected("and, or, or the end of the condition");
            return Err(error.hint("two bounds are two conditions: 2 <= csi and csi < 4"));
        }
        Ok(Node::Compare(left, how, right))
    }

    fn mismatch(&self, left: &Operand, right: &Operand, place: usize) -> Error {
        let wanted = format!("a value like {}", self.told(left));
        let error = Error::new(ErrorKind::Mismatch, at(place), self.told(right), wanted);
        match (left, right) {
            (_, Operand::Number(x)) | (Operand::Number(x), _) => {
                error.hint(format!("a text stands in quotes: \"{x}\""))
            }
            _ => error.hint("numbers stand without quotes"),
        }
    }

    fn list(&mut self, name: Name) -> Result<Node> {
        self.expect('[')?;
        let mut list = Vec::new();
        loop {
            let place = self.here();
            let one = self.operand()?;
            if let Operand::Name(_) = one {
                let wanted = "a number or a text in quotes";
                return Err(Error::new(
                    ErrorKind::Invalid,
                    at(place),
                    self.told(&one),
                    wanted,
                ));
            }
            if self.kind(&one) != self.names.kind(name) {
                return Err(self.mismatch(&Operand::Name(name), &one, place));
            }
            list.push(one);
            if self.eat(&Token::Mark(']')) {
                return Ok(Node::In(name, list));
            }
            self.expect(',')?;
        }
    }
}

#[cfg(test)]
mod tests;
