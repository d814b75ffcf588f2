use super::{event, order};
use crate::live::Wire;
use crate::plan::{Allocation, Held, Plan};

/// Live portfolios in the messages of `tickmesh.portfolio.v1`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ProtoWire;

impl Wire for ProtoWire {
    fn event(&self, allocation: &Allocation) -> Vec<u8> {
        event::encode(allocation)
    }

    fn held(&self, event: &[u8]) -> Option<Held> {
        event::held(event)
    }

    fn order(&self, plan: &Plan) -> Vec<u8> {
        order::encode(plan)
    }

    fn plan(&self, order: &[u8]) -> Option<Plan> {
        order::decode(order)
    }
}
