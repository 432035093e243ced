//! Which scenarios run: the tags asked for, and what the pooler under test can be asked.

use std::path::PathBuf;

use cucumber::feature::Ext as _;
use cucumber::gherkin::tagexpr::TagOperation;
use cucumber::gherkin::{Feature, GherkinEnv, Rule, Scenario};
use cucumber::tag::Ext as _;
use harness::PoolerKind;

use super::Options;
use crate::surprise::{Step, Surprise};

/// What only pgturnstile is asked bears no such tag.
const PORTABLE: &str = "portable";
/// Faults at points of PostgreSQL's protocol: a genuine Toxiproxy has none.
const PROTOCOL_FAULTS: &str = "protocol-faults";

#[derive(Debug)]
pub(super) struct Selection {
    tags: Option<TagOperation>,
    names: Vec<String>,
    only_portable: bool,
    only_plain_faults: bool,
    features: PathBuf,
}

impl Selection {
    pub(super) fn new(options: &Options, kind: PoolerKind) -> Step<Self> {
        let tags = match options.tags.trim() {
            "" => None,
            text => Some(
                text.parse()
                    .map_err(|error| Surprise::new(format!("{text}: {error}")))?,
            ),
        };
        Ok(Self {
            tags,
            names: options.name.clone(),
            only_portable: kind != PoolerKind::Pgturnstile,
            only_plain_faults: harness::toxiproxy::server::genuine().is_some(),
            features: options.features.clone(),
        })
    }

    pub(super) fn takes(&self, feature: &Feature, rule: Option<&Rule>, one: &Scenario) -> bool {
        let tags = tags(feature, rule, one);
        let has = |wanted: &str| tags.iter().any(|tag| tag == wanted);
        self.asks_for(&tags, one)
            && (!self.only_portable || has(PORTABLE))
            && !(self.only_plain_faults && has(PROTOCOL_FAULTS))
    }

    fn asks_for(&self, tags: &[String], scenario: &Scenario) -> bool {
        let named = |name: &String| scenario.name.contains(name);
        self.tags.as_ref().is_none_or(|wanted| wanted.eval(tags))
            && (self.names.is_empty() || self.names.iter().any(named))
    }

    /// Scenarios that were asked for and that this pooler, or this fault proxy, can't be asked.
    pub(super) fn left_out(&self) -> usize {
        let count = |feature: &Feature| {
            scenarios(feature)
                .filter(|(rule, one)| {
                    let tags = tags(feature, *rule, one);
                    self.asks_for(&tags, one) && !self.takes(feature, *rule, one)
                })
                .count()
        };
        self.parse().iter().map(count).sum()
    }

    pub(super) fn list(&self) {
        for feature in self.parse() {
            for (rule, scenario) in scenarios(&feature) {
                if self.takes(&feature, rule, scenario) {
                    let tags = tags(&feature, rule, scenario);
                    let tags: Vec<String> = tags.iter().map(|tag| format!("@{tag}")).collect();
                    println!("{}: {} {}", feature.name, scenario.name, tags.join(" "));
                }
            }
        }
    }

    /// The features as cucumber will see them; what does not parse is its writer's to report.
    fn parse(&self) -> Vec<Feature> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(&self.features)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "feature"))
            .collect();
        paths.sort();
        let parse = |path: PathBuf| Feature::parse_path(path, GherkinEnv::default()).ok();
        let expand = |feature: Feature| feature.expand_examples().ok();
        paths
            .into_iter()
            .filter_map(parse)
            .filter_map(expand)
            .collect()
    }
}

fn scenarios(feature: &Feature) -> impl Iterator<Item = (Option<&Rule>, &Scenario)> {
    let bare = feature.scenarios.iter().map(|scenario| (None, scenario));
    let ruled = feature.rules.iter().flat_map(|rule| {
        rule.scenarios
            .iter()
            .map(move |scenario| (Some(rule), scenario))
    });
    bare.chain(ruled)
}

fn tags(feature: &Feature, rule: Option<&Rule>, scenario: &Scenario) -> Vec<String> {
    let rule = rule.map(|rule| &rule.tags[..]).unwrap_or_default();
    feature
        .tags
        .iter()
        .chain(rule)
        .chain(&scenario.tags)
        .cloned()
        .collect()
}
