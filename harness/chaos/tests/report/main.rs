//! The reports of a run that was made up, with all that is hard to show: failures, faults without
//! effect, long and hostile words. The page is opened in a real Chromium.

mod chromium;
mod judged;
mod numbers;
mod page;
mod story;
