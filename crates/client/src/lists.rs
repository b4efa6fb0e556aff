//! Lists that a user interface shows, kept as they are by what is told.

mod conversations;
mod messages;
mod window;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

pub use conversations::{ConversationList, ConversationsSnapshot};
pub use messages::{MessageList, MessagesSnapshot};

/// What is asked of a list's task.
enum Order {
    /// Load another page.
    Further,
    /// Load the list anew.
    Refresh,
}

type Orders = mpsc::Receiver<(Order, oneshot::Sender<()>)>;

/// A list's end at its owner. The task ends with it.
struct Owned<S> {
    state: watch::Receiver<Arc<S>>,
    orders: mpsc::Sender<(Order, oneshot::Sender<()>)>,
    task: AbortHandle,
}

impl<S> Owned<S> {
    /// Waits until it is done; at once after the login's end.
    async fn order(&self, order: Order) {
        let (done, is_done) = oneshot::channel();
        if self.orders.send((order, done)).await.is_ok() {
            // An error means that the login ended meanwhile.
            drop(is_done.await);
        }
    }
}

impl<S> Drop for Owned<S> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether both have the very same rows.
fn are_same<T>(some: &[Arc<T>], others: &[Arc<T>]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| Arc::ptr_eq(one, other))
}

/// Starts a list's task, which shows its state in the sender that it is given.
fn start<S, F>(initial: S, task: impl FnOnce(watch::Sender<Arc<S>>, Orders) -> F) -> Owned<S>
where
    S: Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (shown, state) = watch::channel(Arc::new(initial));
    let (orders, ordered) = mpsc::channel(1);
    let task = tokio::spawn(task(shown, ordered)).abort_handle();
    Owned { state, orders, task }
}
