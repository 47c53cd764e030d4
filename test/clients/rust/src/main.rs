//! Microsoft's SDK for Rust: the life of keys of every type, and that it ends with the role. Each check is told as a line
//! of JSON, and what is not this program's to do is asked for in one, answered by a line on standard input.

use azure_core::{credentials::Secret, http::StatusCode};
use azure_identity::ClientSecretCredential;
use azure_security_keyvault_keys::{models::*, KeyClient, ResourceExt};
use futures::TryStreamExt;
use std::{collections::HashMap, env, error::Error, future::Future, io::stdin};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const SECRET: &[u8] = b"a data key of thirty-two octets!";
const RSA: &str = "rust-rsa";
const EC: &str = "rust-ec";
const AES: &str = "rust-aes";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let variable = |name: &str| env::var(name);
    let secret = Secret::new(variable("AZURE_CLIENT_SECRET")?);
    let credential =
        ClientSecretCredential::new(&variable("AZURE_TENANT_ID")?, variable("AZURE_CLIENT_ID")?, secret, None)?;
    let client = KeyClient::new(&variable("AZURE_MANAGEDHSM_URI")?, credential, None)?;

    check("creates keys", create_keys(&client)).await;
    let (first, wrapped) = wrap(&client).await.unwrap_or_default();
    check("wraps and unwraps", unwraps_with(&client, &first, &wrapped)).await;
    check("signs and verifies", sign(&client)).await;
    check("encrypts with AES", encrypt_with_aes(&client)).await;
    check("updates and lists", update_and_list(&client)).await;
    check("keeps a rotation policy", keep_policy(&client)).await;
    check("rotates, and an old version opens what it wrapped", rotate(&client, &first, &wrapped)).await;
    check("gives random bytes", random_bytes(&client)).await;
    check("backs up and restores", back_up_and_restore(&client)).await;
    check("deletes, recovers and purges", delete_and_recover(&client)).await;
    check("is refused once its roles are gone", async {
        ask("revoke")?;
        refused(unwraps_with(&client, &first, &wrapped).await)
    })
    .await;
    Ok(())
}

async fn create_keys(client: &KeyClient) -> Outcome {
    for (name, kty, key_size, curve) in [
        (RSA, KeyType::RsaHsm, Some(2048), None),
        (EC, KeyType::EcHsm, None, Some(CurveName::P256)),
        (AES, KeyType::OctHsm, Some(256), None),
    ] {
        let body = CreateKeyParameters { kty: Some(kty.clone()), key_size, curve, ..Default::default() };
        let key = client.create_key(name, body.try_into()?, None).await?.into_model()?;
        require(key.key.as_ref().and_then(|jwk| jwk.kty.clone()) == Some(kty), "another type")?;
        require(key.resource_id()?.name == name, "another name")?;
    }
    Ok(())
}

/// The version that wrapped it, and what came out.
async fn wrap(client: &KeyClient) -> Outcome<(String, Vec<u8>)> {
    let wrapped = client.wrap_key(RSA, wrapping(SECRET).try_into()?, None).await?.into_model()?;
    let version = wrapped.resource_id()?.version.ok_or("no version")?;
    Ok((version, wrapped.result.ok_or("no result")?))
}

fn wrapping(value: &[u8]) -> KeyOperationParameters {
    KeyOperationParameters {
        algorithm: Some(EncryptionAlgorithm::RsaOaep256),
        value: Some(value.to_vec()),
        ..Default::default()
    }
}

async fn unwraps_with(client: &KeyClient, version: &str, wrapped: &[u8]) -> Outcome {
    let opened = client.unwrap_key(RSA, version, wrapping(wrapped).try_into()?, None).await?.into_model()?;
    require(opened.result.as_deref() == Some(SECRET), "another key came out")
}

async fn sign(client: &KeyClient) -> Outcome {
    let digest = vec![7; 32];
    let algorithm = Some(SignatureAlgorithm::Es256);
    let body = SignParameters { algorithm: algorithm.clone(), value: Some(digest.clone()) };
    let signed = client.sign(EC, body.try_into()?, None).await?.into_model()?;
    let version = signed.resource_id()?.version.ok_or("no version")?;
    let body = VerifyParameters { algorithm: algorithm.clone(), digest: Some(digest), signature: signed.result.clone() };
    let verified = client.verify(EC, &version, body.try_into()?, None).await?.into_model()?;
    require(verified.value == Some(true), "it does not verify")?;
    let body = VerifyParameters { algorithm, digest: Some(vec![8; 32]), signature: signed.result };
    let verified = client.verify(EC, &version, body.try_into()?, None).await?.into_model()?;
    require(verified.value == Some(false), "another digest verifies as well")
}

async fn encrypt_with_aes(client: &KeyClient) -> Outcome {
    let parameters = KeyOperationParameters {
        algorithm: Some(EncryptionAlgorithm::A256Gcm),
        value: Some(SECRET.to_vec()),
        additional_authenticated_data: Some(b"row 17".to_vec()),
        ..Default::default()
    };
    let sealed = client.encrypt(AES, parameters.clone().try_into()?, None).await?.into_model()?;
    let version = sealed.resource_id()?.version.ok_or("no version")?;
    let parameters = KeyOperationParameters {
        value: sealed.result,
        iv: sealed.iv,
        authentication_tag: sealed.authentication_tag,
        ..parameters
    };
    let opened = client.decrypt(AES, &version, parameters.try_into()?, None).await?.into_model()?;
    require(opened.result.as_deref() == Some(SECRET), "something else came out")
}

async fn update_and_list(client: &KeyClient) -> Outcome {
    let tags = Some(HashMap::from([("stack".into(), "rust".into())]));
    let body = UpdateKeyPropertiesParameters { tags: tags.clone(), ..Default::default() };
    let updated = client.update_key_properties(EC, body.try_into()?, None).await?.into_model()?;
    require(updated.tags == tags, "the tag was not kept")?;
    let keys: Vec<KeyProperties> = client.list_key_properties(None)?.try_collect().await?;
    for name in [RSA, EC, AES] {
        require(keys.iter().any(|key| key.resource_id().is_ok_and(|id| id.name == name)), "one is not listed")?;
    }
    Ok(())
}

async fn keep_policy(client: &KeyClient) -> Outcome {
    let policy = KeyRotationPolicy {
        attributes: Some(KeyRotationPolicyAttributes { expiry_time: Some("P90D".into()), ..Default::default() }),
        lifetime_actions: Some(vec![LifetimeAction {
            action: Some(LifetimeActionType { type_prop: Some(KeyRotationPolicyAction::Rotate) }),
            trigger: Some(LifetimeActionTrigger { time_after_create: Some("P30D".into()), ..Default::default() }),
        }]),
        ..Default::default()
    };
    client.update_key_rotation_policy(RSA, policy.try_into()?, None).await?;
    // As text: the SDK takes `Rotate` alone for a model, and the service answers `rotate`.
    let kept = client.get_key_rotation_policy(RSA, None).await?.into_body().into_string()?;
    require(kept.contains("\"P90D\"") && kept.contains("\"P30D\""), &kept)
}

async fn rotate(client: &KeyClient, first: &str, wrapped: &[u8]) -> Outcome {
    let rotated = client.rotate_key(RSA, None).await?.into_model()?;
    let newest = rotated.resource_id()?.version.ok_or("no version")?;
    require(newest != first, "no new version")?;
    unwraps_with(client, first, wrapped).await?;
    require(unwraps_with(client, &newest, wrapped).await.is_err(), "the new version opened it as well")?;
    let versions: Vec<KeyProperties> = client.list_key_properties_versions(RSA, None)?.try_collect().await?;
    require(versions.len() == 2, "not two versions")
}

async fn random_bytes(client: &KeyClient) -> Outcome {
    let body = GetRandomBytesParameters { count: Some(64) };
    let given = client.get_random_bytes(body.try_into()?, None).await?.into_model()?.value.unwrap_or_default();
    require(given.len() == 64 && given.iter().any(|&byte| byte != 0), "not 64 random bytes")
}

async fn back_up_and_restore(client: &KeyClient) -> Outcome {
    let backup = client.backup_key(EC, None).await?.into_model()?;
    delete_and_purge(client, EC).await?;
    let body = RestoreKeyParameters { key_backup: backup.value };
    let restored = client.restore_key(body.try_into()?, None).await?.into_model()?;
    require(restored.resource_id()?.name == EC, "another name")?;
    sign(client).await
}

async fn delete_and_recover(client: &KeyClient) -> Outcome {
    client.delete_key(AES, None).await?;
    let gone = client.get_key(AES, None).await;
    require(gone.err().and_then(|error| error.http_status()) == Some(StatusCode::NotFound), "a deleted key is there")?;
    client.recover_deleted_key(AES, None).await?;
    client.get_key(AES, None).await?;
    delete_and_purge(client, AES).await
}

async fn delete_and_purge(client: &KeyClient, name: &str) -> Outcome {
    client.delete_key(name, None).await?;
    client.purge_deleted_key(name, None).await?;
    Ok(())
}

fn refused(outcome: Outcome) -> Outcome {
    let error = outcome.err().ok_or("it was done")?;
    let status = error.downcast_ref::<azure_core::Error>().and_then(|answered| answered.http_status());
    if status == Some(StatusCode::Forbidden) { Ok(()) } else { Err(error) }
}

fn require(held: bool, otherwise: &str) -> Outcome {
    if held { Ok(()) } else { Err(otherwise.into()) }
}

async fn check(name: &str, made: impl Future<Output = Outcome>) {
    match made.await {
        Ok(()) => println!("{{\"check\":{name:?}}}"),
        Err(error) => {
            let text: String = error.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            println!("{{\"check\":{name:?},\"error\":\"{}\"}}", text.replace('\\', "\\\\").replace('"', "\\\""));
        }
    }
}

fn ask(what: &str) -> Outcome {
    println!("{{\"ask\":\"{what}\"}}");
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    require(answer.trim() == "{}", &answer)
}
