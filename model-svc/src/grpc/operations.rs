use std::time::Duration;

use tickmesh_mesh::context;
use tickmesh_mesh::status::{Fault, Violations};
use tickmesh_proto::google::longrunning as wire;
use tickmesh_proto::server::longrunning::operations_server::Operations;
use tonic::{Request, Response, Status};

use super::page::PageRequest;
use super::{Face, parse, render};

/// How long a Wait without a timeout waits.
const WAIT: Duration = Duration::from_secs(60);

#[tonic::async_trait]
impl Operations for Face {
    async fn list_operations(
        &self,
        request: Request<wire::ListOperationsRequest>,
    ) -> Result<Response<wire::ListOperationsResponse>, Status> {
        let page = listing(request.into_inner())?;
        let mut views = self.jobs.list(page.after.as_deref().unwrap_or(""), page.one_more()).await?;
        let next_page_token = page.cut(&mut views, |view| view.id.clone());
        let operations = views.iter().map(render::operation).collect::<Result<_, _>>()?;
        Ok(Response::new(wire::ListOperationsResponse { operations, next_page_token, unreachable: Vec::new() }))
    }

    async fn get_operation(
        &self,
        request: Request<wire::GetOperationRequest>,
    ) -> Result<Response<wire::Operation>, Status> {
        let wire::GetOperationRequest { name } = request.into_inner();
        let view = self.jobs.get(&parse::operation_id(&name)?).await?;
        Ok(Response::new(render::operation(&view)?))
    }

    async fn delete_operation(&self, request: Request<wire::DeleteOperationRequest>) -> Result<Response<()>, Status> {
        let wire::DeleteOperationRequest { name } = request.into_inner();
        self.jobs.delete(&parse::operation_id(&name)?).await?;
        Ok(Response::new(()))
    }

    async fn cancel_operation(&self, request: Request<wire::CancelOperationRequest>) -> Result<Response<()>, Status> {
        let wire::CancelOperationRequest { name } = request.into_inner();
        self.jobs.cancel(&parse::operation_id(&name)?).await?;
        Ok(Response::new(()))
    }

    async fn wait_operation(
        &self,
        request: Request<wire::WaitOperationRequest>,
    ) -> Result<Response<wire::Operation>, Status> {
        let (id, at_most) = waiting(request.into_inner())?;
        let view = self.jobs.wait(&id, at_most).await?;
        Ok(Response::new(render::operation(&view)?))
    }
}

fn listing(request: wire::ListOperationsRequest) -> Result<PageRequest, Fault> {
    let rest = wire::ListOperationsRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    let wire::ListOperationsRequest { name, filter, page_size, page_token, return_partial_success: _ } = request;
    let mut violations = Violations::new();
    if !matches!(name.as_str(), "operations/model" | "operations" | "") {
        violations.add("name", "must be operations/model");
    }
    if !filter.is_empty() {
        violations.add("filter", "must be empty: operations cannot be filtered");
    }
    let page = PageRequest::parse(page_size, &page_token, &rest, &mut violations);
    violations.finish(page)
}

/// The operation and how long to wait: no longer than the call has.
fn waiting(request: wire::WaitOperationRequest) -> Result<(String, Duration), Fault> {
    let wire::WaitOperationRequest { name, timeout } = request;
    let id = parse::operation_id(&name)?;
    let mut violations = Violations::new();
    let asked = timeout
        .and_then(|wire| violations.take("timeout", Duration::try_from(wire).map_err(|_| "must not be negative")));
    let left = context::current().and_then(|context| context.deadline).map(|deadline| {
        // Answer a little before the deadline, so that the answer still arrives.
        deadline.saturating_duration_since(tokio::time::Instant::now()).mul_f64(0.9)
    });
    let at_most = [asked, left].into_iter().flatten().min().unwrap_or(WAIT);
    violations.finish((id, at_most))
}
