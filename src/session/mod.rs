//! What a conversation means, pure: which replies are owed, which state a server carries.

pub mod dirt;
pub mod params;
pub mod prepared;
pub mod turn;
