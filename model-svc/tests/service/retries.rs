use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::google::longrunning::Operation;
use tickmesh_proto::model::v1 as wire;

use crate::harness::{House, closed, small};

/// Requests with an id, of each method that takes one.
struct Requests {
    train: wire::TrainModelsRequest,
    evaluate: wire::EvaluateModelRequest,
    alias: wire::SetAliasRequest,
}

impl Requests {
    fn new() -> Self {
        let request_id = "5f0c8f0e-9f5b-4a3c-9d4f-0d2f3b1c7a11".to_owned();
        let train_end_time = closed(480);
        Self {
            train: wire::TrainModelsRequest { train_end_time, request_id: request_id.clone(), ..small() },
            evaluate: wire::EvaluateModelRequest {
                name: "models/S0/versions/1".into(),
                request_id: request_id.clone(),
                ..Default::default()
            },
            alias: wire::SetAliasRequest {
                name: "models/S0".into(),
                alias: "champion".into(),
                version: "models/S0/versions/2".into(),
                request_id,
            },
        }
    }

    async fn train(&self, house: &House) -> Operation {
        house.service.training().train_models(self.train.clone()).await.unwrap().into_inner()
    }

    async fn evaluate(&self, house: &House) -> Operation {
        house.service.training().evaluate_model(self.evaluate.clone()).await.unwrap().into_inner()
    }

    async fn alias(&self, house: &House) -> wire::Model {
        house.service.registry().set_alias(self.alias.clone()).await.unwrap().into_inner()
    }
}

/// Lets as many operations wait as there are places for.
async fn fill(house: &House) {
    let forest = wire::ForestParams { trees: Some(2_000), depth: Some(12), ..Default::default() };
    let long = wire::TrainModelsRequest { forest: Some(forest), folds: 20, ..Default::default() };
    let mut training = house.service.training();
    let refused = loop {
        if let Err(refused) = training.train_models(long.clone()).await {
            break Fault::from(refused);
        }
    };
    assert_eq!((refused.code(), refused.reason()), (Code::ResourceExhausted, "TRAINING_QUEUE_FULL"));
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_whatever_has_changed_since() {
    let house = House::trained().await;
    house.replay(450, 500).await;
    let requests = Requests::new();
    let trained = requests.train(&house).await;
    let trained = house.wait(&trained.name).await;
    let evaluated = requests.evaluate(&house).await;
    let evaluated = house.wait(&evaluated.name).await;
    let moved = requests.alias(&house).await;

    fill(&house).await;
    assert_eq!(requests.train(&house).await, trained, "the queue is full");
    assert_eq!(requests.evaluate(&house).await, evaluated);

    for number in [1, 2] {
        house.forget_features(number).await;
    }
    let house = house.restart_without_market().await;
    assert_eq!(requests.train(&house).await, trained, "there is no market to ask, and no clock");
    assert_eq!(requests.evaluate(&house).await, evaluated, "no version can be used");
    assert_eq!(requests.alias(&house).await, moved);

    let other = wire::SetAliasRequest { alias: "challenger".into(), ..requests.alias };
    let reused = Fault::from(house.service.registry().set_alias(other).await.unwrap_err());
    assert_eq!((reused.code(), reused.reason()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
}
