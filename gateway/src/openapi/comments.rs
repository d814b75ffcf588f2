//! The comments of the `.proto` files.

use std::collections::HashMap;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, EnumValueDescriptor, FieldDescriptor, MessageDescriptor, MethodDescriptor,
    ServiceDescriptor,
};

/// Leading comments by file and place.
pub(super) struct Comments {
    by_place: HashMap<(String, Vec<i32>), String>,
}

impl Comments {
    pub(super) fn new(pool: &DescriptorPool) -> Self {
        let mut by_place = HashMap::new();
        for file in pool.files() {
            let locations = file.file_descriptor_proto().source_code_info.iter().flat_map(|info| &info.location);
            for location in locations {
                if let Some(comment) = &location.leading_comments {
                    by_place.insert((file.name().to_owned(), location.path.clone()), unwrap(comment));
                }
            }
        }
        Self { by_place }
    }

    pub(super) fn of_service(&self, service: &ServiceDescriptor) -> &str {
        self.at(service.parent_file().name(), service.path())
    }

    pub(super) fn of_method(&self, method: &MethodDescriptor) -> &str {
        self.at(method.parent_service().parent_file().name(), method.path())
    }

    pub(super) fn of_message(&self, message: &MessageDescriptor) -> &str {
        self.at(message.parent_file().name(), message.path())
    }

    pub(super) fn of_field(&self, field: &FieldDescriptor) -> &str {
        self.at(field.parent_message().parent_file().name(), field.path())
    }

    pub(super) fn of_enum(&self, descriptor: &EnumDescriptor) -> &str {
        self.at(descriptor.parent_file().name(), descriptor.path())
    }

    pub(super) fn of_value(&self, value: &EnumValueDescriptor) -> &str {
        self.at(value.parent_enum().parent_file().name(), value.path())
    }

    fn at(&self, file: &str, path: &[i32]) -> &str {
        self.by_place.get(&(file.to_owned(), path.to_vec())).map_or("", String::as_str)
    }
}

/// Joins the lines of a paragraph; an empty line stays a paragraph's end, an indented one stays as it is.
fn unwrap(comment: &str) -> String {
    let mut text = String::new();
    let mut previous_is_prose = false;
    for line in comment.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        let is_prose = !line.is_empty() && !line.starts_with([' ', '\t']);
        if !text.is_empty() {
            text.push(if is_prose && previous_is_prose { ' ' } else { '\n' });
        }
        text.push_str(line);
        previous_is_prose = is_prose;
    }
    text.trim().to_owned()
}

/// The first sentence of a comment.
pub(super) fn first_sentence(comment: &str) -> &str {
    let paragraph = comment.split("\n\n").next().unwrap_or(comment);
    match paragraph.find(". ") {
        Some(end) => &paragraph[..=end],
        None => paragraph,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_joined() {
        assert_eq!(unwrap(" One\n two.\n\n Three:\n     code\n"), "One two.\n\nThree:\n    code");
    }

    #[test]
    fn a_summary_is_one_sentence() {
        assert_eq!(first_sentence("Lists bars, oldest first. Returns NOT_FOUND."), "Lists bars, oldest first.");
        assert_eq!(first_sentence("One"), "One");
    }
}
