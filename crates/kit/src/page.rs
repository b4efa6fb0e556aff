//! Numbered pages, as the lists of REST API v3 use them.

use halley_contracts::common::v1::{PageInfo, PageRequest};
use halley_model::{FieldError, limits};

/// A page that was asked for, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: i32,
    /// 1 to 1000.
    pub size: i32,
}

impl Page {
    /// Reads a request: absent is the first page of 100.
    pub fn parse(request: Option<PageRequest>) -> Result<Self, FieldError> {
        let request = request.unwrap_or_default();
        let number = if request.page == 0 { 1 } else { request.page };
        let size = if request.per_page == 0 { limits::PAGE_DEFAULT } else { request.per_page };
        if number < 1 {
            return Err(FieldError::new("page", "must be 1 or more"));
        }
        if !(1..=limits::PAGE_MAX).contains(&size) {
            return Err(FieldError::new("perPage", format!("must be 1 to {}", limits::PAGE_MAX)));
        }
        Ok(Self { number, size })
    }

    /// For SQL's LIMIT.
    pub fn limit(self) -> i64 {
        i64::from(self.size)
    }

    /// For SQL's OFFSET.
    pub fn offset(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.size)
    }

    /// How many rows the whole list has, where the rows of this page alone tell: it is the last one. Otherwise they
    /// must be counted.
    pub fn total_at_end(self, count: usize) -> Option<i64> {
        let count = i64::try_from(count).ok()?;
        let is_last = count < self.limit() && (count > 0 || self.number == 1);
        is_last.then(|| self.offset() + count)
    }

    /// Where the page stands, given the rows of the whole list and of this page.
    pub fn info(self, total: i64, count: usize) -> PageInfo {
        let size = i64::from(self.size);
        let pages = ((total + size - 1) / size).max(1);
        PageInfo {
            total,
            count: i32::try_from(count).unwrap_or(i32::MAX),
            per_page: self.size,
            current_page: self.number,
            total_pages: i32::try_from(pages).unwrap_or(i32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn only_the_last_page_tells_the_total() {
        let page = |number| Page { number, size: 10 };
        assert_eq!(page(1).total_at_end(0), Some(0));
        assert_eq!(page(3).total_at_end(4), Some(24));
        assert_eq!(page(3).total_at_end(10), None, "there may be more");
        assert_eq!(page(3).total_at_end(0), None, "the list may end on an earlier page");
    }
}
