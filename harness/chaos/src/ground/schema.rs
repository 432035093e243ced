//! The database that clients work on.

use std::fmt::Write as _;
use std::sync::Arc;

use harness::names::{identifier, literal};
use harness::{Instance, Method, Result};

use super::{DATABASE, LOOKUP_ROLE, User};

pub const ACCOUNTS: u32 = 12;
/// What each account begins with.
pub const OPENING_BALANCE: i64 = 1_000;
pub(crate) const LOOKUP_PASSWORD: &str = "chaos_auth_secret";

/// Tables, roles and their rights.
pub(super) async fn create(instance: &Instance, users: &[Arc<User>]) -> Result<()> {
    instance
        .create_role(LOOKUP_ROLE, LOOKUP_PASSWORD, Method::Scram)
        .await?;
    instance
        .create_database(DATABASE, instance.superuser())
        .await?;
    instance.execute_sql("postgres", &roles(users)).await?;
    instance.execute_sql(DATABASE, &tables()).await
}

fn roles(users: &[Arc<User>]) -> String {
    let mut sql = String::new();
    for user in users {
        let encryption = user.method.encryption();
        let (name, password) = (identifier(&user.name), literal(&user.password()));
        // Writing to a String cannot fail.
        let _ = write!(
            sql,
            "SET password_encryption = '{encryption}'; CREATE ROLE {name} LOGIN PASSWORD {password};"
        );
    }
    sql
}

fn tables() -> String {
    format!(
        "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
         INSERT INTO accounts SELECT n, {OPENING_BALANCE} FROM generate_series(0, {ACCOUNTS} - 1) n;
         CREATE TABLE transfers (token text PRIMARY KEY, source int NOT NULL, target int NOT NULL,
             amount bigint NOT NULL, by name NOT NULL DEFAULT current_user);
         CREATE TABLE lists (id int PRIMARY KEY, items bigint[] NOT NULL DEFAULT '{{}}');
         CREATE TABLE loads (token text NOT NULL, number int NOT NULL,
             by name NOT NULL DEFAULT current_user);
         CREATE TABLE mail (number bigserial PRIMARY KEY, owner name NOT NULL DEFAULT current_user,
             token text NOT NULL);
         CREATE INDEX ON mail (owner, number);
         ALTER TABLE mail ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON mail USING (owner = current_user);
         GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
         GRANT SELECT ON pg_catalog.pg_shadow TO {LOOKUP_ROLE};"
    )
}
