//! A genuine Toxiproxy in a container, in this machine's own network: its proxies listen on loopback,
//! and what they stand before is reached there too.

use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

use crate::sweep::{OWNER_LABEL, SCOPE_LABEL};
use crate::{Error, Result, owner, ports};

const HOST: &str = "127.0.0.1";

#[derive(Debug)]
pub(super) struct Container(Box<ContainerAsync<GenericImage>>);

impl Container {
    /// Starts the image, and says where its API is to be.
    pub(super) async fn start(image: &str) -> Result<(String, Self)> {
        let (name, tag) = reference(image);
        let port = ports::free()?;
        let request = GenericImage::new(name, tag)
            .with_network("host")
            .with_cmd([format!("-host={HOST}"), format!("-port={port}")])
            .with_label(OWNER_LABEL, owner::Owner::me().as_str())
            .with_label(SCOPE_LABEL, owner::scope());
        let container = request.start().await.map_err(refused)?;
        Ok((format!("{HOST}:{port}"), Self(Box::new(container))))
    }

    pub(super) async fn remove(self) -> Result<()> {
        self.0.rm().await.map_err(refused)
    }
}

/// An image's name and its tag; without one it is `latest`.
fn reference(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        // A colon before a slash belongs to a registry's port.
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

fn refused(source: testcontainers::TestcontainersError) -> Error {
    Error::Container {
        what: "the Toxiproxy of TOXIPROXY".to_owned(),
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn a_tag_is_told_from_the_port_of_a_registry() {
        assert_eq!(reference("a/toxiproxy:2.12.0"), ("a/toxiproxy", "2.12.0"));
        assert_eq!(
            reference("here:5000/toxiproxy"),
            ("here:5000/toxiproxy", "latest")
        );
    }
}
