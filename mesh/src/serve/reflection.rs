use tonic::service::Routes;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server::{Builder, Error};

/// The services that every port has besides its own.
pub(super) const COMMON: [&str; 3] =
    ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// The descriptors of [`COMMON`].
pub(super) const COMMON_DESCRIPTORS: [&[u8]; 3] =
    [tonic_health::pb::FILE_DESCRIPTOR_SET, v1::FILE_DESCRIPTOR_SET, v1alpha::FILE_DESCRIPTOR_SET];

/// Adds reflection, v1 and v1alpha, that lists `services` and the common ones.
pub(super) fn add(routes: Routes, descriptors: &[u8], services: &[String]) -> Result<Routes, Error> {
    let builder = || {
        let listed = services.iter().map(String::as_str).chain(COMMON);
        let sets = COMMON_DESCRIPTORS.into_iter().chain([descriptors]);
        let builder = listed.fold(Builder::configure(), Builder::with_service_name);
        sets.fold(builder, Builder::register_encoded_file_descriptor_set).include_reflection_service(false)
    };
    Ok(routes.add_service(builder().build_v1()?).add_service(builder().build_v1alpha()?))
}
