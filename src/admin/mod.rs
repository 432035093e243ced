//! The admin console.

use crate::client::login::ConsoleGuest;
use crate::control::Control;

pub mod command;
pub mod reply;
pub mod show;

/// Serves one console client until it leaves.
pub async fn serve(control: Control, mut guest: ConsoleGuest) {
    let _ = control.around();
    while let Ok(Some(_)) = guest.pg.read_frame(1024).await {}
}
