//! The methods that the contracts declare, by their path: which are unary, which stream.

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto};

/// Who sends more than one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody.
    Unary,
    /// The client.
    ClientStream,
    /// The server.
    ServerStream,
    /// Both.
    BidiStream,
}

/// A method that the contracts declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// `package.Service`.
    pub service: Arc<str>,
    /// The name within the service.
    pub name: Arc<str>,
    /// Who streams.
    pub kind: Kind,
}

/// All methods by their path, `/package.Service/Method`.
#[derive(Clone, Debug, Default)]
pub struct Methods(HashMap<String, Method>);

/// The one unary method that waits on purpose and has only its client's deadline.
const WAIT: &str = "/google.longrunning.Operations/WaitOperation";

impl Kind {
    /// As metrics have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ClientStream => "client_stream",
            Self::ServerStream => "server_stream",
            Self::BidiStream => "bidi_stream",
        }
    }
}

impl Method {
    /// `/package.Service/Method`.
    pub fn path(&self) -> String {
        format!("/{}/{}", self.service, self.name)
    }

    /// True if its answer may take as long as it takes: streams, and waiting for an operation.
    pub fn is_open_ended(&self) -> bool {
        self.kind != Kind::Unary || self.path() == WAIT
    }
}

impl Methods {
    /// The methods of encoded `FileDescriptorSet`s.
    ///
    /// # Errors
    /// If one of them is no such set.
    pub fn of(descriptors: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut methods = Self::default();
        for encoded in descriptors {
            let files = FileDescriptorSet::decode(*encoded)?.file;
            files.iter().for_each(|file| methods.add(file));
        }
        Ok(methods)
    }

    /// The method of a path.
    pub fn get(&self, path: &str) -> Option<&Method> {
        self.0.get(path)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Method> {
        self.0.values()
    }

    fn add(&mut self, file: &FileDescriptorProto) {
        for service in &file.service {
            let name: Arc<str> = format!("{}.{}", file.package(), service.name()).into();
            let methods = service.method.iter().map(|method| of_service(&name, method));
            self.0.extend(methods.map(|method| (method.path(), method)));
        }
    }
}

fn of_service(service: &Arc<str>, method: &MethodDescriptorProto) -> Method {
    let kind = match (method.client_streaming(), method.server_streaming()) {
        (false, false) => Kind::Unary,
        (true, false) => Kind::ClientStream,
        (false, true) => Kind::ServerStream,
        (true, true) => Kind::BidiStream,
    };
    Method { service: Arc::clone(service), name: method.name().into(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_who_streams() {
        let methods = Methods::of(&[tickmesh_proto::FILE_DESCRIPTOR_SET]).unwrap();
        let kind = |path: &str| methods.get(path).map(|method| method.kind);
        assert_eq!(kind("/tickmesh.market.v1.MarketService/GetSnapshot"), Some(Kind::Unary));
        assert_eq!(kind("/tickmesh.market.v1.MarketService/StreamBars"), Some(Kind::ServerStream));
        assert_eq!(kind("/tickmesh.market.v1.IngestService/ImportBars"), Some(Kind::ClientStream));
        assert_eq!(kind("/tickmesh.market.v1.MarketService/Nothing"), None);
        assert!(methods.get(WAIT).unwrap().is_open_ended(), "the name of the waiting method is the contracts' name");
    }
}
