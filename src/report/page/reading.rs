//! What the words of the page mean.

use super::Page;
use maud::{Markup, html};

impl Page<'_> {
    pub(super) fn reading(&self) -> Markup {
        let lang = self.lang;
        let scale = &self.analysis.scale;
        let entries: [(&str, String); 7] = lang.of(
            [
                ("CSI, CSAT, CDSAT", format!("Mean mark on {} to {}; share of marks from {} up; share up to {}. Estimated: means of what the model expects of every call. Surveyed: of the marks given.", scale.min(), scale.max(), scale.satisfied_from(), scale.dissatisfied_to())),
                ("Corrected", "The estimates moved by how they err on the answered calls. It is what all customers would say if those who answer are like the others of the same estimate, and it takes marks that the model was not trained on.".to_owned()),
                ("[…]", "Intervals of 95 %: how far the figure would stray on other calls of the same kind. They do not say how far the model is wrong of all of them.".to_owned()),
                ("CSI, shrunk; mix alike", "Small groups stray by chance. Each mean is drawn towards that of all calls, the more the fewer calls it has; “mix alike” also takes out what the other columns and the week do, so that an operator does not pay for the queue. The thin mark is the raw mean.".to_owned()),
                ("Too few", format!("Groups of fewer than {} calls are never ranked.", self.analysis.least_calls)),
                ("Operators", "A low figure is a question and not a verdict: the estimate sees what was measured, not what the customer came with.".to_owned()),
                ("Privacy", "No word of a call and no number of a customer is in this page; ids, operators and queues are as the archive has them.".to_owned()),
            ],
            [
                ("CSI, CSAT, CDSAT", format!("Средняя оценка от {} до {}; доля оценок от {}; доля до {}. Расчётные — средние того, что модель ожидает от каждого звонка. По опросу — из поставленных оценок.", scale.min(), scale.max(), scale.satisfied_from(), scale.dissatisfied_to())),
                ("С поправкой", "Расчётные, сдвинутые на их ошибку на отвеченных звонках. Это оценка всех клиентов, если ответившие похожи на прочих с той же расчётной; нужны оценки, на которых модель не училась.".to_owned()),
                ("[…]", "Интервалы 95 %: на сколько число гуляло бы на других таких же звонках. Насколько ошибается сама модель, они не говорят.".to_owned()),
                ("Сглажено; при равных прочих", "Малые группы гуляют случайно. Каждое среднее притянуто к общему, тем сильнее, чем меньше звонков; «при равных прочих» ещё и убирает вклад других столбцов и недели, чтобы оператор не платил за очередь. Тонкая черта — среднее как есть.".to_owned()),
                ("Мало звонков", format!("Группы, где меньше {} звонков, не ранжируются.", self.analysis.least_calls)),
                ("Операторы", "Низкое число — повод спросить, а не приговор: расчёт видит измеренное, а не то, с чем клиент пришёл.".to_owned()),
                ("Личные данные", "Ни слова разговора и ни одного номера здесь нет; имена звонков, операторов и очередей — как в архиве.".to_owned()),
            ],
        );
        html! { dl { @for (name, text) in &entries { dt { (name) } dd { (text) } } } }
    }
}
