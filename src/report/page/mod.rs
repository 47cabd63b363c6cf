//! The page of an archive.

mod calls;
mod causes;
mod groups;
mod overview;
mod reading;
mod service;

use super::style::STYLE;
use super::words::count;
use crate::analytics::Analysis;
use crate::analytics::triggers::Watched;
use crate::features::Lang;
use crate::model::Model;
use maud::{DOCTYPE, Markup, html};
use std::collections::HashMap;

/// The page of an archive: see [`Page::html`].
#[derive(Debug)]
pub struct Page<'a> {
    analysis: &'a Analysis,
    lang: Lang,
    title: String,
    model: Option<&'a Model>,
    pictures: HashMap<String, String>,
    watched: Option<&'a Watched>,
}

impl<'a> Page<'a> {
    /// A page of an analysis.
    pub fn new(analysis: &'a Analysis, lang: Lang) -> Page<'a> {
        Page {
            analysis,
            lang,
            title: lang
                .of("Satisfaction of the callers", "Удовлетворённость звонящих")
                .to_owned(),
            model: None,
            pictures: HashMap::new(),
            watched: None,
        }
    }

    /// Sets what stands at its head.
    pub fn titled(mut self, title: impl Into<String>) -> Page<'a> {
        self.title = title.into();
        self
    }

    /// Gives it the model that made the estimates, for its name and its curves.
    pub fn with_model(mut self, model: &'a Model) -> Page<'a> {
        self.model = Some(model);
        self
    }

    /// Gives it the picture of a call, as an `<svg>` element whose text is escaped.
    pub fn with_picture(mut self, id: impl Into<String>, svg: String) -> Page<'a> {
        self.pictures.insert(id.into(), svg);
        self
    }

    /// Gives it what the triggers found.
    pub fn with_alerts(mut self, watched: &'a Watched) -> Page<'a> {
        self.watched = Some(watched);
        self
    }

    /// Returns the page: one file of HTML that asks nothing of a network and runs nothing.
    pub fn html(&self) -> String {
        let lang = self.lang;
        let sections: Vec<(&str, &str, Markup)> = [
            (
                "overview",
                lang.of("Overview", "Обзор"),
                Some(self.overview()),
            ),
            (
                "open",
                lang.of("Calls to open", "Что открыть"),
                self.to_open(),
            ),
            ("alerts", lang.of("Alerts", "Сигналы"), self.alerts()),
            (
                "groups",
                lang.of("By group", "По группам"),
                Some(self.groups()),
            ),
            (
                "drivers",
                lang.of("What drives the marks", "Что движет оценками"),
                Some(self.drivers()),
            ),
            (
                "kano",
                lang.of("Must-be and delight", "Обязательное и привлекательное"),
                Some(self.kano()),
            ),
            (
                "shared",
                lang.of(
                    "What low and high calls share",
                    "Что общего у низких и высоких",
                ),
                self.shared(),
            ),
            (
                "indicators",
                lang.of("The complex picture", "Комплексная картина"),
                Some(self.indicators()),
            ),
            (
                "robot",
                lang.of("IVR and robot", "IVR и робот"),
                self.robot(),
            ),
            (
                "reading",
                lang.of("How to read this", "Как это читать"),
                Some(self.reading()),
            ),
        ]
        .into_iter()
        .filter_map(|(id, name, content)| Some((id, name, content?)))
        .collect();
        let page = html! {
            (DOCTYPE)
            html lang=(lang.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                    // An icon of its own, so that no browser asks a server for one.
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (maud::PreEscaped(STYLE)) @if !self.pictures.is_empty() { (maud::PreEscaped(crate::report::picture::STYLE.as_str())) } }
                }
                body {
                    header {
                        h1 { (self.title) }
                        (self.head())
                        nav { @for (id, name, _) in &sections { a href=(format!("#{id}")) { (name) } } }
                    }
                    main {
                        @for (id, name, content) in &sections {
                            section id=(id) { h2 { (name) } (content) }
                        }
                    }
                }
            }
        };
        page.into_string()
    }

    fn head(&self) -> Markup {
        let (lang, overview) = (self.lang, &self.analysis.overview);
        html! {
            p.soft {
                (count(overview.calls, lang)) " " (lang.of("calls", "звонков"))
                @if let (Some(first), Some(last)) = (&overview.first_day, &overview.last_day) {
                    ", " (first) " – " (last)
                }
                @if overview.failed > 0 {
                    "; " (count(overview.failed, lang)) " " (lang.of("could not be scored", "не оценены"))
                }
                @if let Some(model) = self.model {
                    "; " (lang.of("model", "модель")) " " (model.name()) " (" (model.fingerprint()) ")"
                }
            }
            @if self.model.is_some_and(|m| m.name() == "builtin") {
                p.note {
                    (lang.of(
                        "The bundled model was trained on simulated calls and knows no real customers. Retrain it on your own marks before you believe an estimate.",
                        "Встроенная модель обучена на симуляции и настоящих клиентов не знает. Переобучите её на своих оценках, прежде чем верить.",
                    ))
                }
            }
        }
    }
}
