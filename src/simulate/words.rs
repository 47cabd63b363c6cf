//! What is said: words out of a small vocabulary of our own, laid into the units of speech.
//!
//! The words carry no meaning beyond sounding like a bank's contact centre; they give every
//! measurement over words something to count. A unit of speech is filled by its words without a
//! gap, each as long as its letters ask: the union of the words is the speech, exactly.

use super::random::Random;
use crate::call::Side;
use crate::timeline::{Segment, Span, Time, Timeline};
use crate::transcript::Word;

/// How the agent opens. Names of persons are left out on purpose.
const GREETING: &str = "добрый день банк на связи меня зовут оператор чем могу помочь";
/// How the customer opens.
const OPENING: &str = "здравствуйте у меня такой вопрос";
/// What is said under the other's speech.
const BACKCHANNELS: &[&str] = &["угу", "да", "ага", "так", "понятно", "хорошо"];
/// How each side takes leave.
const LEAVE: [&str; 2] = ["спасибо за обращение всего доброго", "спасибо до свидания"];

/// The agent's words.
const AGENT: &str = "сейчас проверю ваш договор пожалуйста номер карты вижу по счёту операция \
    оформлена заявка будет рассмотрена в течение рабочих дней могу предложить подключить услугу \
    уточните последние четыре цифры спасибо за ожидание средства поступят на счёт завтра лимит \
    изменён комиссия не взимается приложение обновите попробуйте ещё раз сообщение отправлено \
    к сожалению технические работы проверяем информацию подтвердите согласие я понимаю всё верно";
/// The customer's words.
const CUSTOMER: &str = "я не могу войти в приложение деньги не пришли почему списали комиссию \
    карта не работает мне нужно закрыть кредит вчера звонила уже сказали подождать сколько ещё \
    ждать у меня платёж прошёл дважды не понимаю что делать паспорт менялся номер телефона новый \
    хорошо а когда будет да нет спасибо просто хочу узнать остаток вернуть перевод можно ли это \
    как долго объясните пожалуйста";

/// Fills every unit of a side's speech with words; one list for each unit, in order.
pub(super) fn fill(
    side: Side,
    speech: &Timeline,
    words_per_s: f64,
    random: &mut Random,
) -> Vec<Vec<Word>> {
    let (opening, vocabulary, leave) = match side {
        Side::Agent => (GREETING, AGENT, LEAVE[0]),
        Side::Customer => (OPENING, CUSTOMER, LEAVE[1]),
    };
    let vocabulary: Vec<&str> = vocabulary.split_whitespace().collect();
    let mut prescribed = opening.split_whitespace();
    let mut leave = leave.split_whitespace().cycle();
    let units = speech.segments();
    let mut filled = Vec::with_capacity(units.len());
    for (i, &unit) in units.iter().enumerate() {
        let count = (unit.duration().seconds() * words_per_s).round().max(1.0) as usize;
        let is_short = unit.duration() < Span::from_millis(800) && count < 3;
        let texts = (0..count).map(|_| {
            if i + 1 == units.len() {
                return leave.next().unwrap_or("спасибо");
            }
            if let Some(word) = prescribed.next() {
                return word;
            }
            match is_short {
                true => random.pick(BACKCHANNELS),
                false => random.pick(&vocabulary),
            }
        });
        let texts: Vec<&str> = texts.collect();
        filled.push(lay(unit, &texts));
    }
    filled
}

/// Lays words side by side so that they fill the unit, each as long as its letters ask.
fn lay(unit: Segment, texts: &[&str]) -> Vec<Word> {
    // A word takes a share even beyond its letters: onset and coda.
    let weight = |text: &str| 1 + text.chars().count() as i64;
    let whole: i64 = texts.iter().map(|t| weight(t)).sum();
    let millis = unit.duration().nanos() / 1_000_000;
    // The boundary after the words so far, in whole milliseconds.
    let boundary = |done: i64| -> Time { unit.start() + Span::from_millis(millis * done / whole) };
    let mut done = 0;
    let words = texts.iter().map(|text| {
        let start = boundary(done);
        done += weight(text);
        let end = if done == whole {
            unit.end()
        } else {
            boundary(done)
        };
        Word {
            text: (*text).to_owned(),
            time: Segment::new(start, end),
        }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::random::Purpose;

    #[test]
    fn words_fill_their_unit_without_a_gap() {
        let unit = Segment::from_seconds(1.0, 2.345).unwrap();
        let words = lay(unit, &["да", "пожалуйста", "в", "приложение"]);
        let spoken: Timeline = words.iter().filter_map(|w| w.time).collect();
        assert_eq!(spoken, Timeline::from(unit));
        assert!(words.windows(2).all(|w| w[0].time < w[1].time));
    }

    #[test]
    fn rate_is_the_one_asked_for() {
        let units = (0..200).filter_map(|i| {
            let start = f64::from(i) * 4.0;
            Segment::from_seconds(start, start + 1.0 + f64::from(i % 7) * 0.31)
        });
        let speech: Timeline = units.collect();
        let mut random = Random::new(3, 0, Purpose::Words);
        let words = fill(Side::Customer, &speech, 2.3, &mut random);
        let count: usize = words.iter().map(Vec::len).sum();
        let rate = count as f64 / speech.duration().seconds();
        assert!((rate - 2.3).abs() < 0.1, "{rate}");
    }
}
