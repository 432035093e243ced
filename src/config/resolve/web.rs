//! The `web` section (older name `prometheus`), which nothing serves yet.

use crate::config::keys::Scope;
use crate::config::section::Section;

pub(super) fn check(root: &Section<'_>, key: &'static str) {
    let Some(entry) = root.entry(key) else {
        return;
    };
    let path = root.key(key);
    let Some(web) = Section::new(root.reader, Scope::Web, path, &entry.place, &entry.node) else {
        return;
    };
    let enabled = web.boolean("enabled").unwrap_or(false);
    web.text("host");
    web.integer::<u16>("port", 0..=65_535);
    if enabled {
        web.warn("enabled", "not supported yet: no metrics are served");
    }
    web.finish();
}
