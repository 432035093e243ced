//! The arrangement: roles and a database in PostgreSQL, and the pooler's configuration.

use std::fmt::Write as _;

use harness::Method;
use harness::names::{identifier, literal};
use harness::pooler::{AuthQuery, PooledDatabase, ServerTls, StaticUser};

use super::{DATABASE, LOOKUP_ROLE, Scene};
use crate::surprise::{Step, Surprise};

/// Servers per pool where a feature doesn't say.
const POOL_SIZE: u32 = 8;
/// Rules of a feature's own must not lock out the console that the audit asks.
const CONSOLE_RULE: &str = "host pgturnstile admin all md5";

impl Scene {
    /// Creates the database, the look-up role and the users, and the configuration that fits.
    pub async fn set_up(&mut self, users: &[&str]) -> Step {
        let password = self.names.password(LOOKUP_ROLE);
        let lookup = self.names.own(LOOKUP_ROLE);
        self.instance()
            .create_role(&lookup, &password, Method::Scram)
            .await?;
        for user in users {
            self.add_user(user, Method::Scram).await?;
        }
        let database = self.names.own(DATABASE);
        self.instance()
            .create_database(&database, self.instance().superuser())
            .await?;
        self.run_as_superuser(
            "GRANT ALL ON SCHEMA public TO PUBLIC; GRANT SELECT ON pg_catalog.pg_shadow TO :auth",
        )
        .await?;
        self.configure(lookup, password);
        Ok(())
    }

    pub async fn add_user(&mut self, user: &str, method: Method) -> Step {
        let password = self.names.add(user);
        Ok(self
            .instance()
            .create_role(&self.names.own(user), &password, method)
            .await?)
    }

    /// Creates many users in one go; their passwords are as usual.
    pub async fn add_users(&mut self, users: &[String], method: Method) -> Step {
        let mut sql = format!("SET password_encryption = '{}';", method.encryption());
        for user in users {
            let password = literal(&self.names.add(user));
            let role = identifier(&self.names.own(user));
            // Writing to a String cannot fail.
            let _ = write!(sql, "CREATE ROLE {role} LOGIN PASSWORD {password};");
        }
        Ok(self.instance().execute_sql("postgres", &sql).await?)
    }

    /// The usual configuration: passthrough, a fast sweep, TLS on both sides.
    fn configure(&mut self, lookup: String, password: String) {
        let certificate = self.instance().certificate();
        self.spec.certificate = Some((certificate.chain.clone(), certificate.key.clone()));
        self.spec.settings = [
            ("connect_timeout", "3s"),
            ("query_wait_timeout", "5s"),
            ("idle_timeout", "500ms"),
            ("server_lifetime", "60s"),
            ("retain_connections_time", "200ms"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec();
        self.spec.databases = vec![PooledDatabase {
            name: self.names.own(DATABASE),
            host: self.instance().host().to_owned(),
            port: self.instance().port(),
            server_tls: Some(ServerTls {
                mode: "prefer".to_owned(),
                ca: None,
            }),
            auth_query: Some(AuthQuery {
                query: None,
                user: lookup,
                password,
                pool_size: POOL_SIZE,
                settings: vec![("cache_ttl".to_owned(), "1s".to_owned())],
            }),
            ..PooledDatabase::default()
        }];
    }

    /// Changes one key: `auth_query.x`, `pool.x`, `failpoint.x`, `hba`, `server_tls_mode`, else one
    /// of `general`.
    pub fn configure_key(&mut self, key: &str, value: &str) -> Step {
        let value = self.names.localize(value).replace("\\n", "\n");
        match key.split_once('.') {
            Some(("auth_query", "query")) => self.auth_query()?.query = Some(value),
            Some(("auth_query", "pool_size")) => self.auth_query()?.pool_size = number(&value)?,
            Some(("auth_query", key)) => replace(&mut self.auth_query()?.settings, key, value),
            Some(("pool", "server_tls_mode")) => {
                let ca = Some(self.instance().ca_pem_path().to_owned());
                self.database()?.server_tls = Some(ServerTls { mode: value, ca });
            }
            Some(("pool", "server_port")) => {
                self.database()?.port = u16::try_from(number(&value)?).unwrap_or_default();
            }
            Some(("failpoint", name)) => replace(&mut self.spec.failpoints, name, value),
            Some(("pool", key)) => replace(&mut self.database()?.settings, key, value),
            _ if key == "hba" => self.spec.hba = Some(format!("{CONSOLE_RULE}\n{value}")),
            _ => replace(&mut self.spec.settings, key, value),
        }
        Ok(())
    }

    /// Names a user in the configuration itself, with its password in plain text.
    pub fn add_static_user(&mut self, user: &str, keys: &[(&str, &str)]) -> Step {
        let mut entry = StaticUser {
            name: self.names.own(user),
            password: self.names.password(user),
            pool_size: POOL_SIZE,
            settings: Vec::new(),
        };
        for (key, value) in keys {
            match *key {
                "pool_size" => entry.pool_size = number(value)?,
                _ if value.is_empty() => {}
                key => replace(&mut entry.settings, key, self.names.localize(value)),
            }
        }
        self.database()?.users.push(entry);
        Ok(())
    }

    pub fn database(&mut self) -> Step<&mut PooledDatabase> {
        self.spec
            .databases
            .first_mut()
            .ok_or_else(|| Surprise::new("no PostgreSQL is set up yet"))
    }

    fn auth_query(&mut self) -> Step<&mut AuthQuery> {
        let auth_query = self.database()?.auth_query.as_mut();
        auth_query.ok_or_else(|| Surprise::new("auth_query has been taken out"))
    }
}

fn replace(settings: &mut Vec<(String, String)>, key: &str, value: String) {
    settings.retain(|(known, _)| known != key);
    settings.push((key.to_owned(), value));
}

fn number(text: &str) -> Step<u32> {
    text.parse()
        .map_err(|_| Surprise::new(format!("{text:?} is not a number")))
}
