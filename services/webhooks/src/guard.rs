//! Keeps calls out of the own network: whoever may set a webhook could otherwise reach with it what only this process
//! reaches. Names are looked up here, and the connection goes to the address that was checked.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the address is not on the public internet")]
    Internal,
    #[error("only https is called")]
    NotHttps,
    #[error("the name has no address")]
    NoAddress,
    #[error("the address can't be read")]
    Unreadable,
}

/// Reads a webhook's address, and refuses one that is not to be called. A name is checked when it is looked up.
pub(crate) fn check(url: &str, allow_internal: bool) -> Result<Url, Refusal> {
    let url = Url::parse(url).map_err(|_| Refusal::Unreadable)?;
    // The parser has read every notation of an address, as 127.1 or 0x7f000001.
    let host = url.host_str().ok_or(Refusal::Unreadable)?.trim_start_matches('[').trim_end_matches(']');
    if allow_internal {
        return if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(Refusal::Unreadable) };
    }
    if url.scheme() != "https" {
        return Err(Refusal::NotHttps);
    }
    match host.parse::<IpAddr>() {
        Ok(address) if !is_public(address) => Err(Refusal::Internal),
        _ => Ok(url),
    }
}

/// Looks names up, and hands out public addresses only.
pub(crate) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| Refusal::NoAddress)?;
            Ok(public_only(found.collect())?)
        })
    }
}

/// One resolver for a client.
pub(crate) fn resolver() -> Arc<PublicResolver> {
    Arc::new(PublicResolver)
}

/// One internal address among several is enough to refuse a name: nobody's public name has any.
fn public_only(found: Vec<SocketAddr>) -> Result<Addrs, Refusal> {
    if found.is_empty() {
        return Err(Refusal::NoAddress);
    }
    if !found.iter().all(|address| is_public(address.ip())) {
        return Err(Refusal::Internal);
    }
    Ok(Box::new(found.into_iter()))
}

/// Networks of version 4 that are nobody's on the internet, by first address and length of the prefix
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>).
const INTERNAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Networks of version 6 within 2000::/3 that are no hosts' (<https://www.iana.org/assignments/iana-ipv6-special-registry>):
/// protocol assignments with Teredo, documentation, 6to4, documentation again. Everything outside of 2000::/3 is internal.
const INTERNAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address is a host's on the public internet. One of version 6 that stands for one of version 4 is what that is.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    INTERNAL_V4.iter().all(|(network, length)| (address.to_bits() ^ network.to_bits()) >> (32 - length) != 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |network: Ipv6Addr, length: u32| (address.to_bits() ^ network.to_bits()) >> (128 - length) == 0;
    within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
        && !INTERNAL_V6.iter().any(|(network, length)| within(*network, *length))
}

/// The address of version 4 within a mapped one (::ffff:0:0/96) or one of NAT64 (64:ff9b::/96).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    const MAPPED: u128 = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0).to_bits();
    const NAT64: u128 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0).to_bits();
    let bits = address.to_bits();
    let is_of = |network: u128| (bits ^ network) >> 32 == 0;
    (is_of(MAPPED) || is_of(NAT64)).then(|| Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn internal_addresses_are_known_in_every_form() {
        let internal = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0.0.0.0",
            "::ffff:169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in internal {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "2600::1",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ];
        for text in public {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_in_a_url_are_read_in_every_notation() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "169.254.169.254",
            "[fd00:ec2::254]",
            "10.0.0.1:8443",
        ] {
            assert_eq!(check(&format!("https://{host}/x"), false), Err(Refusal::Internal), "{host}");
            assert!(check(&format!("http://{host}/x"), true).is_ok(), "{host}");
        }
        assert_eq!(check("http://example.com/", false), Err(Refusal::NotHttps));
        assert_eq!(check("ftp://example.com/", true), Err(Refusal::Unreadable));
        assert_eq!(check("nothing", false), Err(Refusal::Unreadable));
        assert!(check("https://example.com/x?y=z", false).is_ok() && check("https://1.1.1.1", false).is_ok());
    }

    #[test]
    fn one_internal_address_spoils_a_name() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        assert!(public_only(vec![address("1.1.1.1"), address("2600::1")]).is_ok());
        assert_eq!(public_only(vec![address("1.1.1.1"), address("10.0.0.1")]).err(), Some(Refusal::Internal));
        assert_eq!(public_only(Vec::new()).err(), Some(Refusal::NoAddress));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_when_it_is_looked_up() {
        let fault = PublicResolver.resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert_eq!(fault.downcast_ref::<Refusal>(), Some(&Refusal::Internal));
    }

    proptest! {
        #[test]
        fn no_form_of_an_internal_address_is_public(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let known = is_public(v4.into());
            // What the standard library knows to be internal is a part of it.
            let std = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(std && known));
            prop_assert_eq!(is_public(v4.to_ipv6_mapped().into()), known);
            let nat64 = Ipv6Addr::from_bits(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0).to_bits() | u128::from(bits));
            prop_assert_eq!(is_public(nat64.into()), known);
            prop_assert!(!is_public(v4.to_ipv6_compatible().into()));
            let in_url = check(&format!("https://{v4}/"), false).is_ok();
            prop_assert_eq!(in_url, known);
        }

        #[test]
        fn no_internal_address_of_version_6_is_public(bits: u128) {
            let v6 = Ipv6Addr::from_bits(bits);
            let internal = v6.is_loopback() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local();
            prop_assert!(!(internal && is_public(v6.into())));
            for prefix in [0xfc00_u128, 0xfe80, 0xff00] {
                let inside = Ipv6Addr::from_bits((bits >> 16) | (prefix << 112));
                prop_assert!(!is_public(inside.into()));
            }
        }
    }
}
