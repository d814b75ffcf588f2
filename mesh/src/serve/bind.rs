use std::io;
use std::net::{SocketAddr, TcpListener};

/// Why a port cannot be served; its text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address can be reached from elsewhere.
    #[error("{addr} is no loopback address and there is no authentication yet: give {flag} an address such as 127.0.0.1:{port}", port = addr.port())]
    Public {
        /// The refused address.
        addr: SocketAddr,
        /// The flag that sets it.
        flag: String,
    },
    /// Somebody else listens there.
    #[error("{addr} is taken: stop what listens there, or choose another port with {flag}")]
    Taken {
        /// The taken address.
        addr: SocketAddr,
        /// The flag that sets it.
        flag: String,
    },
    /// Any other refusal of the operating system.
    #[error("cannot listen on {addr}: {source}; choose another address with {flag}")]
    Refused {
        /// The refused address.
        addr: SocketAddr,
        /// The flag that sets it.
        flag: String,
        /// What the operating system says.
        source: io::Error,
    },
}

impl BindError {
    /// The process's exit code: 64 for a wrong address, 1 for one that cannot be had.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Public { .. } => 64,
            Self::Taken { .. } | Self::Refused { .. } => 1,
        }
    }
}

/// Takes a port on a loopback address before anything slow begins. `flag` is named in the error's text.
///
/// # Errors
/// If the address is not loopback, taken or refused.
pub fn bind(addr: SocketAddr, flag: &str) -> Result<TcpListener, BindError> {
    let flag = flag.to_owned();
    if !addr.ip().is_loopback() {
        return Err(BindError::Public { addr, flag });
    }
    match TcpListener::bind(addr) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(BindError::Taken { addr, flag }),
        Err(source) => Err(BindError::Refused { addr, flag, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_address_and_the_flag() {
        let public = bind("0.0.0.0:8080".parse().unwrap(), "--gateway-addr").unwrap_err();
        assert_eq!(public.exit_code(), 64);
        let text = public.to_string();
        assert!(text.contains("0.0.0.0:8080") && text.contains("--gateway-addr"), "{text}");

        let held = bind("127.0.0.1:0".parse().unwrap(), "--gateway-addr").unwrap();
        let taken = bind(held.local_addr().unwrap(), "--gateway-addr").unwrap_err();
        assert!(matches!(taken, BindError::Taken { .. }), "{taken}");
        assert_eq!(taken.exit_code(), 1);
    }
}
