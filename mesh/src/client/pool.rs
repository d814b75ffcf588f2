use std::sync::{Arc, Mutex, PoisonError};

use tonic::transport::{Channel, Endpoint};

/// Calls on one connection at a time: below the 100 that servers of the mesh allow.
pub(super) const MAX_CALLS: usize = 80;

/// Connections to one upstream: as many as its calls need.
#[derive(Debug)]
pub(super) struct Pool {
    endpoint: Endpoint,
    connections: Mutex<Vec<Connection>>,
}

#[derive(Debug)]
struct Connection {
    channel: Channel,
    /// Cloned by each call on the connection, so that its count tells how many there are.
    calls: Arc<()>,
}

/// A place on a connection, held as long as the call lasts.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) channel: Channel,
    _call: Arc<()>,
}

impl Pool {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, connections: Mutex::default() }
    }

    /// A place on the first connection that has one; opens another if all are full, closes all but one idle one.
    pub(super) fn lease(&self) -> Lease {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let place = connections.iter().position(|connection| connection.calls() < MAX_CALLS).unwrap_or_else(|| {
            connections.push(Connection { channel: self.endpoint.connect_lazy(), calls: Arc::default() });
            connections.len() - 1
        });
        let Connection { channel, calls } = &connections[place];
        let lease = Lease { channel: channel.clone(), _call: Arc::clone(calls) };
        let mut index = 0;
        connections.retain(|connection| {
            index += 1;
            index <= place + 2 || connection.calls() > 0
        });
        lease
    }
}

impl Connection {
    fn calls(&self) -> usize {
        Arc::strong_count(&self.calls) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn opens_a_connection_per_80_calls_and_closes_idle_ones() {
        let pool = Pool::new(Endpoint::from_static("http://127.0.0.1:1"));
        let open = || pool.connections.lock().unwrap().iter().map(Connection::calls).collect::<Vec<_>>();
        let mut leases: Vec<_> = (0..MAX_CALLS * 3).map(|_| pool.lease()).collect();
        assert_eq!(open(), [80, 80, 80]);
        leases.push(pool.lease());
        assert_eq!(open(), [80, 80, 80, 1]);
        leases.clear();
        let _one = pool.lease();
        assert_eq!(open(), [1, 0], "one idle connection stays warm");
    }
}
