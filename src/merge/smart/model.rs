//! What each statement is worth: a logistic regression whose weights stand in `model.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, OF_TEXTS, Statement};

/// Weights for what is judged alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Films, series, books, music videos, and what does not tell its kind.
    Works,
    /// Episodes of which the series is not known.
    Episodes,
    /// Albums.
    Albums,
}

/// The whole model as its file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub works: Weights,
    pub episodes: Weights,
    pub albums: Weights,
}

impl Model {
    pub fn section(&self, section: Section) -> &Weights {
        match section {
            Section::Works => &self.works,
            Section::Episodes => &self.episodes,
            Section::Albums => &self.albums,
        }
    }
}

/// A pair's logit is the bias and the weights of the statements that hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The least probability that joins where the titles agree.
    pub threshold: f64,
    /// As above where they do not: of all false joins these are what people notice.
    pub threshold_of_unlike: f64,
    pub bias: f64,
    /// By the names of [`Statement`]; what is absent is worth nothing.
    pub weights: BTreeMap<String, f64>,
}

impl Weights {
    /// How likely a pair of which this holds is one work.
    pub fn probability(&self, evidence: Evidence) -> f64 {
        probability(Scorer::from(self).logit(evidence))
    }

    /// The least probability that joins a pair of which this holds; one where nothing does.
    pub fn needed(&self, evidence: Evidence) -> f64 {
        if evidence.is_of_two() {
            1.0
        } else if evidence.titles_agree() {
            self.threshold
        } else {
            self.threshold_of_unlike
        }
    }

    /// Whether `SMART` joins a pair of which this holds.
    pub fn joins(&self, evidence: Evidence) -> bool {
        !evidence.is_of_two() && self.probability(evidence) >= self.needed(evidence)
    }
}

/// One section, ready to score.
pub(super) struct Scorer {
    bias: f64,
    weights: Vec<f64>,
    /// As logits.
    threshold: f64,
    threshold_of_unlike: f64,
    /// What people, genres and overviews can add at most.
    most_of_texts: f64,
}

impl Scorer {
    /// Whether people, genres and overviews, not looked at yet, could make this enough.
    pub(super) fn can_be_enough(&self, without_texts: Evidence) -> bool {
        self.logit(without_texts) + self.most_of_texts >= self.threshold(without_texts)
    }

    pub(super) fn logit(&self, evidence: Evidence) -> f64 {
        let worth = evidence
            .statements()
            .map(|statement| self.weights[statement as usize]);
        self.bias + worth.sum::<f64>()
    }

    /// The least logit that joins a pair of this evidence.
    pub(super) fn threshold(&self, evidence: Evidence) -> f64 {
        if evidence.is_of_two() {
            f64::INFINITY
        } else if evidence.titles_agree() {
            self.threshold
        } else {
            self.threshold_of_unlike
        }
    }
}

impl From<&Weights> for Scorer {
    fn from(weights: &Weights) -> Self {
        let of = |s: &Statement| weights.weights.get(s.name()).copied().unwrap_or(0.0);
        let best = |group: &&[Statement]| group.iter().map(of).fold(0.0, f64::max);
        Self {
            bias: weights.bias,
            weights: Statement::ALL.iter().map(of).collect(),
            threshold: logit(weights.threshold),
            threshold_of_unlike: logit(weights.threshold_of_unlike),
            most_of_texts: OF_TEXTS.iter().map(best).sum(),
        }
    }
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    toml::from_str(include_str!("model.toml")).expect("model.toml is read by a test")
});

static SCORERS: LazyLock<[Scorer; 3]> = LazyLock::new(|| {
    [
        (&MODEL.works).into(),
        (&MODEL.episodes).into(),
        (&MODEL.albums).into(),
    ]
});

/// The model that this program was built with.
pub fn model() -> &'static Model {
    &MODEL
}

pub(super) fn scorer(section: Section) -> &'static Scorer {
    &SCORERS[section as usize]
}

/// The chance that a logit stands for.
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}
