//! The model card: what a model is, for people and for programs.
//!
//! A [`Card`] gathers the [`facts`], which are its JSON, with its [`figures`] and [`effects`]; [`text`]
//! puts them into [`words`], in Markdown, and [`plots`] into pictures. Both cards are of the model's file
//! alone, so a model read a year later still has its card; what an older file does not say, its card says
//! it does not know.

pub(super) mod effects;
mod facts;
mod figures;
mod plots;
mod text;
mod words;

use super::file::Model;
use facts::Card;

impl Model {
    /// Returns the model card in Markdown (CommonMark with tables): the warning first where there is one,
    /// then what is predicted, from what it was learned, how good it was found, what hangs on what, and
    /// where the limits are. Its pictures are SVG within the text, for light and for dark pages.
    ///
    /// What a user or a file chose, the name or the levels of a word, stands in it as text and never as
    /// markup.
    pub fn card(&self) -> String {
        Card::of(self).to_markdown()
    }

    /// Returns the same facts as JSON, every number in full: an object whose keys stand in the order of
    /// the card, `null` where something is not known. The curves of all features are in it, and not only
    /// those of the most important ones.
    pub fn card_json(&self) -> String {
        // Plain fields with string keys: there is nothing in them that JSON could refuse.
        let text = serde_json::to_string_pretty(&Card::of(self));
        text.expect("a card holds nothing that JSON cannot") + "\n"
    }
}

#[cfg(test)]
mod tests;
